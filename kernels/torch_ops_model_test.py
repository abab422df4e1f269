"""The operators inside a model: a gated-delta-net attention module, torch.export, torch.library's
own checks of a custom operator."""

import io
import itertools
import unittest

import torch
from torch import nn
from torch.nn import functional as F

from torch_ops_testing import assert_close, functional, in_place, make_inputs, recurrent


def fused_rule(query, key, value, log_decay, beta, state):
    return recurrent(query, key, value, log_decay, beta, state)


def fallback_rule(query, key, value, log_decay, beta, state):
    """The same with ATen's operators, in float32, state in place."""
    outputs = []
    for t in range(query.shape[2]):
        q, k = query[:, :, t, :, None], key[:, :, t, :, None]
        state *= log_decay[:, :, t, None, None].exp()
        delta = beta[:, :, t, None] * (value[:, :, t] - (state * k).sum(-2))
        state += k * delta[:, :, None]
        outputs.append((state * q).sum(-2))
    return torch.stack(outputs, dim=2)


class GatedDeltaNet(nn.Module):
    """Linear attention as in Qwen3.5, small: projections, causal convolution, gates, the delta
    rule, gated RMSNorm, output projection. Two buffers carry a sequence from call to call."""

    def __init__(
        self, rule, *, batch=2, width=12, key_heads=2, value_heads=4, key_dim=8, value_dim=6
    ):
        super().__init__()
        self.rule = rule
        self.sizes = key_heads, value_heads, key_dim, value_dim
        channels = 2 * key_heads * key_dim + value_heads * value_dim
        self.project_qkv = nn.Linear(width, channels, bias=False)
        self.project_z = nn.Linear(width, value_heads * value_dim, bias=False)
        self.project_a = nn.Linear(width, value_heads, bias=False)
        self.project_b = nn.Linear(width, value_heads, bias=False)
        self.project_out = nn.Linear(value_heads * value_dim, width, bias=False)
        self.convolution = nn.Parameter(torch.randn(channels, 1, 4) / 2)
        self.a_log = nn.Parameter(torch.empty(value_heads).uniform_(0.1, 8).log())
        self.dt_bias = nn.Parameter(torch.randn(value_heads) - 3)
        self.norm_weight = nn.Parameter(1 + 0.1 * torch.randn(value_dim))
        self.register_buffer("conv_state", torch.zeros(batch, channels, 3))
        self.register_buffer("recurrent_state", torch.zeros(batch, value_heads, key_dim, value_dim))

    def forward(self, x):
        key_heads, value_heads, key_dim, value_dim = self.sizes
        mixed = torch.cat([self.conv_state, self.project_qkv(x).mT], dim=-1)
        self.conv_state.copy_(mixed[:, :, -3:])
        mixed = F.silu(F.conv1d(mixed, self.convolution, groups=mixed.shape[1])).mT
        split = mixed.split([key_heads * key_dim] * 2 + [value_heads * value_dim], dim=-1)
        heads = [
            t.unflatten(-1, (-1, d)).transpose(1, 2)
            for t, d in zip(split, (key_dim, key_dim, value_dim))
        ]
        unit = lambda t: t * (t.square().sum(-1, keepdim=True) + 1e-6).rsqrt()
        repeats = value_heads // key_heads
        query = unit(heads[0]).repeat_interleave(repeats, dim=1) / key_dim**0.5
        key = unit(heads[1]).repeat_interleave(repeats, dim=1)
        log_decay = (-self.a_log.exp() * F.softplus(self.project_a(x) + self.dt_bias)).mT
        beta = self.project_b(x).sigmoid().mT
        output = self.rule(query, key, heads[2], log_decay, beta, self.recurrent_state)
        output = output.transpose(1, 2)
        normed = output * (output.square().mean(-1, keepdim=True) + 1e-6).rsqrt() * self.norm_weight
        gate = F.silu(self.project_z(x)).unflatten(-1, (value_heads, value_dim))
        return self.project_out((normed * gate).flatten(-2))


def make_module(rule, **sizes):
    torch.manual_seed(7)
    return GatedDeltaNet(rule, **sizes).eval()


def make_hidden(tokens, batch=2, width=12):
    return torch.randn(batch, tokens, width, generator=torch.Generator().manual_seed(3))


class AttentionModuleTest(unittest.TestCase):
    def test_fused_equals_fallback(self):
        sizes = dict(batch=1, width=32, key_heads=2, value_heads=2, key_dim=64, value_dim=64)
        for kwargs, hidden in (({}, make_hidden(21)), (sizes, make_hidden(40, 1, 32))):
            with torch.no_grad():
                fused, fallback = make_module(fused_rule, **kwargs), make_module(
                    fallback_rule, **kwargs
                )
                # A prefill, then decoding, then a prefill that continues: the buffers matter.
                for part in hidden.split([hidden.shape[1] - 9, 1, 1, 7], dim=1):
                    expected = fallback(part)
                    assert_close(self, fused(part), expected, 2e-6, "output")
                    assert_close(
                        self, fused.recurrent_state, fallback.recurrent_state, 2e-6, "state"
                    )

    def test_without_no_grad(self):
        # Parameters require grad. Inference works nevertheless; training doesn't, and says so.
        module = make_module(fused_rule)
        for _ in range(2):
            output = module(make_hidden(3))
        with self.assertRaisesRegex(RuntimeError, "recurrent_gated_delta_rule.*not implemented"):
            output.sum().backward()


class ExportTest(unittest.TestCase):
    def check_runs_like_eager(self, program):
        exported = program.module()
        eager = make_module(fused_rule)
        hidden = make_hidden(20)
        with torch.no_grad():
            for part in hidden.split([5, 1, 14], dim=1):
                self.assertTrue(torch.equal(exported(part), eager(part)))
                self.assertTrue(torch.equal(exported.recurrent_state, eager.recurrent_state))
        self.assertGreater(eager.recurrent_state.abs().max().item(), 0)

    def check_after_save_and_load(self, program):
        file = io.BytesIO()
        torch.export.save(program, file)
        file.seek(0)
        self.check_runs_like_eager(torch.export.load(file))

    def export(self):
        tokens = torch.export.Dim("tokens", min=1, max=4096)
        return torch.export.export(
            make_module(fused_rule), (make_hidden(5),), dynamic_shapes={"x": {1: tokens}}
        )

    def test_graph_holds_the_operator_once(self):
        program = self.export()
        nodes = [node for node in program.graph.nodes if node.target is recurrent.default]
        self.assertEqual(len(nodes), 1)
        signature = program.graph_signature
        self.assertEqual(
            signature.inputs_to_buffers[nodes[0].args[5].name],
            "recurrent_state",
            "the operator should be given the buffer itself",
        )
        self.check_runs_like_eager(program)
        self.check_after_save_and_load(self.export())

    def test_functional_graph_mutates_the_buffer(self):
        program = self.export().run_decompositions({})
        nodes = [node for node in program.graph.nodes if recurrent.default in node.args]
        self.assertEqual(len(nodes), 1)
        self.assertIn("auto_functionalized", str(nodes[0].target))
        self.assertFalse(any(node.target is recurrent.default for node in program.graph.nodes))
        mutated = program.graph_signature.buffers_to_mutate
        self.assertEqual(sorted(mutated.values()), ["conv_state", "recurrent_state"])
        # What the buffer becomes is what the operator made of it.
        (name,) = [name for name, buffer in mutated.items() if buffer == "recurrent_state"]
        (node,) = [node for node in program.graph.nodes if node.name == name]
        self.assertIs(node.args[0], nodes[0])
        self.check_runs_like_eager(program)
        self.check_after_save_and_load(self.export().run_decompositions({}))

    def test_fixed_length(self):
        program = torch.export.export(make_module(fused_rule), (make_hidden(5),))
        with torch.no_grad():
            expected = make_module(fused_rule)(make_hidden(5))
            self.assertTrue(torch.equal(program.module()(make_hidden(5)), expected))

    def test_functional_operator(self):
        class Whole(nn.Module):
            def forward(self, query, key, value, decay, beta):
                return functional(query, key, value, decay, beta, num_snapshots=2)

        inputs = tuple(x.transpose(1, 2) for x in make_inputs(2, 3, 6, 8, 5)[:5])
        tokens = torch.export.Dim("tokens", min=1, max=4096)
        program = torch.export.export(Whole(), inputs, dynamic_shapes=[{1: tokens}] * 5)
        targets = [node.target for node in program.graph.nodes]
        self.assertEqual(targets.count(functional.default), 1)
        longer = tuple(x.transpose(1, 2) for x in make_inputs(2, 3, 11, 8, 5)[:5])
        for found, expected in zip(program.module()(*longer), Whole()(*longer)):
            self.assertTrue(torch.equal(found, expected))


class MetaTest(unittest.TestCase):
    def test_shapes_types_and_strides(self):
        for dtype in (torch.float32, torch.bfloat16):
            inputs = make_inputs(2, 4, 6, 8, 5, key_heads=2, dtype=dtype)
            for state, options in itertools.product(
                (True, False),
                ({}, {"num_snapshots": 3}, {"state_layout": "vk", "num_snapshots": 1}),
            ):
                arguments = [*(x.transpose(1, 2) for x in inputs[:5])]
                if state:
                    vk = options.get("state_layout") == "vk"
                    arguments.append(inputs[5].mT.contiguous() if vk else inputs[5])
                found = functional(*(x.to("meta") for x in arguments), **options)
                for meta, real in zip(found, functional(*arguments, **options)):
                    self.assertEqual((meta.shape, meta.dtype), (real.shape, real.dtype))
                    self.assertEqual(meta.stride(), real.stride())

    def test_out(self):
        meta = [x.to("meta") for x in make_inputs(2, 3, 4, 5, 6)]
        for shape in [(0,), (2, 3, 4, 6)]:
            out = torch.empty(shape, device="meta")
            self.assertIs(recurrent.out(*meta, out=out), out)
            self.assertEqual(out.shape, (2, 3, 4, 6))
        with self.assertRaisesRegex(RuntimeError, r"out: expected shape \[2, 3, 4, 6\]"):
            recurrent.out(*meta, out=torch.empty(2, 3, 4, 5, device="meta"))


class OpcheckTest(unittest.TestCase):
    """Schema, autograd registration, fake tensors, tracing with symbolic sizes."""

    def test_recurrent(self):
        for inputs in (
            make_inputs(2, 3, 4, 5, 6),
            make_inputs(1, 2, 1, 8, 8, dtype=torch.bfloat16),
        ):
            torch.library.opcheck(recurrent.default, inputs)

    def test_recurrent_out(self):
        # No tracing: functional graphs can't hold an operator that returns one of its arguments.
        torch.library.opcheck(
            recurrent.out,
            make_inputs(2, 3, 4, 5, 6),
            {"out": torch.empty(2, 3, 4, 6)},
            test_utils=("test_schema", "test_autograd_registration", "test_faketensor"),
        )

    def test_gated_delta_rule(self):
        inputs = make_inputs(1, 4, 6, 8, 5, key_heads=2)
        inputs[:5] = [x.transpose(1, 2) for x in inputs[:5]]
        states = make_inputs(2, 4, 6, 8, 5)[5]
        for arguments, options in (
            (inputs[:5], {}),
            (inputs, {"head_map": "tiled", "qk_norm": "l2", "num_snapshots": 3, "scale": 0.5}),
            ([*inputs[:5], states], {"cu_seqlens": torch.tensor([0, 2, 6])}),
        ):
            torch.library.opcheck(functional.default, arguments, options)
            if len(arguments) == 6:
                torch.library.opcheck(in_place.default, arguments, options)


if __name__ == "__main__":
    unittest.main()
