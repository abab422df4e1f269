"""deltagauge::gated_delta_rule and gated_delta_rule_: every option against the reference."""

import itertools
import unittest

import torch

from torch_ops_testing import (
    MAX_ERROR,
    assert_close,
    assert_error,
    functional,
    in_place,
    make_inputs,
    reference,
)


def swap(*tensors):
    """[B, H, T, ...] to [B, T, H, ...] and back."""
    return [x.transpose(1, 2) for x in tensors]


class OptionsTest(unittest.TestCase):
    def check(self, inputs, expected, expected_state, max_error=2e-6, **options):
        """Functional and in place, inputs as the options say."""
        state = inputs[5]
        kept = state.clone()
        output, final_state, snapshots = functional(*inputs, **options)
        self.assertTrue(torch.equal(state, kept), "functional, yet the initial state changed")
        self.assertEqual(snapshots.shape, (state.shape[0], 0, *state.shape[1:]))
        assert_close(self, output, expected, max_error, "output")
        assert_close(self, final_state, expected_state, 2e-6, "state")
        again, _ = in_place(*inputs, **options)
        self.assertTrue(torch.equal(again, output))
        self.assertTrue(torch.equal(state, final_state))

    def test_layouts(self):
        for dtype in MAX_ERROR:
            inputs = make_inputs(2, 3, 9, 16, 20, dtype=dtype)
            output, state = reference(*inputs)
            tokens_first = [*swap(*inputs[:5]), inputs[5].clone()]
            self.check(tokens_first, *swap(output), state, MAX_ERROR[dtype])
            tokens_first = [*(x.contiguous() for x in swap(*inputs[:5])), inputs[5].clone()]
            self.check(tokens_first, *swap(output), state, MAX_ERROR[dtype], layout="bthd")
            self.check(inputs, output, state, MAX_ERROR[dtype], layout="bhtd")

    def test_head_maps(self):
        for repeats, spelling in itertools.product((2, 3), ("grouped", "tiled")):
            inputs = make_inputs(2, 2 * repeats, 6, 8, 5, key_heads=2)
            if spelling == "grouped":
                expand = lambda x: x.repeat_interleave(repeats, dim=1)
            else:
                expand = lambda x: x.repeat(1, repeats, 1, 1)
            expected = reference(expand(inputs[0]), expand(inputs[1]), *inputs[2:])
            self.check(inputs, *expected, layout="bhtd", head_map=spelling)

    def test_decay_and_beta_forms(self):
        inputs = make_inputs(2, 3, 9, 16, 20)
        expected = reference(*inputs)
        exponentiated = [*inputs[:3], inputs[3].exp(), inputs[4], inputs[5].clone()]
        self.check(exponentiated, *expected, layout="bhtd", decay_form="exponentiated")
        logits = [*inputs[:4], inputs[4].logit(), inputs[5].clone()]
        self.check(logits, *expected, layout="bhtd", beta_form="logit")

    def test_norm_and_scale(self):
        inputs = make_inputs(2, 3, 9, 16, 20)
        query, key = (3 * x for x in inputs[:2])
        for epsilon in (1e-6, 1e-2):
            norm = lambda x: x / (x.square().sum(-1, keepdim=True) + epsilon).sqrt()
            expected = reference(0.25 * norm(query), norm(key), *inputs[2:])
            self.check(
                [query, key, *inputs[2:5], inputs[5].clone()],
                *expected,
                layout="bhtd",
                qk_norm="l2",
                norm_epsilon=epsilon,
                scale=0.25,
            )

    def test_state_layout(self):
        inputs = make_inputs(2, 3, 9, 16, 20)
        output, state = reference(*inputs)
        value_major = [*inputs[:5], inputs[5].mT.contiguous()]
        self.check(value_major, output, state.mT, layout="bhtd", state_layout="vk")
        view = [*inputs[:5], inputs[5].clone().mT]  # needs no copy, but must not be mistaken
        self.check(view, output, state.mT, layout="bhtd", state_layout="vk")

    def test_no_initial_state(self):
        inputs = make_inputs(2, 3, 9, 16, 20)
        output, state = reference(*inputs[:5], torch.zeros_like(inputs[5]))
        for arguments in (inputs[:5], [*inputs[:5], None]):
            found, found_state, _ = functional(*arguments, layout="bhtd")
            assert_close(self, found, output, 2e-6)
            assert_close(self, found_state, state, 2e-6)

    def test_packed_sequences(self):
        lengths = [3, 0, 1, 9]
        parts = [make_inputs(1, 2, t, 8, 5, seed=t) for t in lengths]
        states = torch.cat([part[5] for part in parts])
        expected = [reference(*part) for part in parts]
        offsets = torch.tensor([0, *itertools.accumulate(lengths)])
        strided = torch.stack([offsets, offsets], dim=1)[:, 0]
        for layout, cu_seqlens in itertools.product(("bhtd", "bthd"), (offsets, strided)):
            packed = [torch.cat([part[i] for part in parts], dim=2) for i in range(5)]
            output = torch.cat([output for output, _ in expected], dim=2)
            if layout == "bthd":
                packed, (output,) = swap(*packed), swap(output)
            self.check(
                [*packed, states.clone()],
                output,
                torch.cat([s for _, s in expected]),
                layout=layout,
                cu_seqlens=cu_seqlens,
            )

    def test_snapshots(self):
        tokens, count = 5, 7
        for state_layout in ("kv", "vk"):
            turn = (lambda x: x.mT) if state_layout == "vk" else (lambda x: x)
            inputs = make_inputs(2, 3, tokens, 8, 5)
            slots = []
            for slot in range(count):
                done = max(0, tokens - count + slot + 1)
                slots.append(turn(reference(*(x[:, :, :done] for x in inputs[:5]), inputs[5])[1]))
            expected = torch.stack(slots, dim=1)
            arguments = [*inputs[:5], turn(inputs[5]).clone(memory_format=torch.contiguous_format)]
            options = dict(layout="bhtd", state_layout=state_layout, num_snapshots=count)
            output, final_state, snapshots = functional(*arguments, **options)
            assert_close(self, snapshots, expected, 2e-6)
            self.assertTrue(torch.equal(snapshots[:, -1], final_state))
            _, snapshots_again = in_place(*arguments, **options)
            self.assertTrue(torch.equal(snapshots_again, snapshots))
            arguments[5] = turn(inputs[5])  # its memory may be transposed, the result's isn't
            output_again, snapshots_again = in_place(*arguments, **options)
            self.assertTrue(torch.equal(output_again, output))
            self.assertTrue(torch.equal(snapshots_again, snapshots))

    def test_everything_at_once(self):
        inputs = make_inputs(1, 4, 10, 8, 5, key_heads=2)
        cuts = [(0, 4), (4, 10)]
        states = make_inputs(2, 4, 1, 8, 5, seed=1)[5]
        norm = lambda x: x / (x.square().sum(-1, keepdim=True) + 1e-6).sqrt()
        query, key = (norm(x.float()).repeat(1, 2, 1, 1) for x in inputs[:2])
        expected = [
            reference(*(x[:, :, a:b] for x in (0.5 * query, key, *inputs[2:5])), states[i : i + 1])
            for i, (a, b) in enumerate(cuts)
        ]
        arguments = [*swap(*inputs[:3]), inputs[3].exp().mT, inputs[4].logit().mT]
        self.check(
            [*arguments, states.mT.contiguous()],
            torch.cat([output for output, _ in expected], dim=2).transpose(1, 2),
            torch.cat([state for _, state in expected]).mT,
            layout="bthd",
            head_map="tiled",
            decay_form="exponentiated",
            beta_form="logit",
            qk_norm="l2",
            state_layout="vk",
            scale=0.5,
            cu_seqlens=torch.tensor([0, 4, 10]),
        )


class ErrorTest(unittest.TestCase):
    def check(self, pattern, change=lambda x: x, meta=True, **options):
        arguments = change(make_inputs(1, 2, 4, 5, 6))
        options.setdefault("layout", "bhtd")
        for op, name in ((functional, "gated_delta_rule"), (in_place, "gated_delta_rule_")):
            state_name = "state" if op is in_place else "initial_state"
            expected = f"deltagauge::{name}: " + pattern.replace("STATE", state_name)
            assert_error(self, expected, op, *arguments, **options)
            if meta:
                to_meta = lambda x: x.to("meta") if isinstance(x, torch.Tensor) else x
                assert_error(
                    self,
                    expected,
                    op,
                    *map(to_meta, arguments),
                    **{k: to_meta(v) for k, v in options.items()},
                )

    def test_spellings(self):
        for option, first, second in (
            ("layout", "bthd", "bhtd"),
            ("head_map", "grouped", "tiled"),
            ("decay_form", "log", "exponentiated"),
            ("beta_form", "activated", "logit"),
            ("qk_norm", "none", "l2"),
            ("state_layout", "kv", "vk"),
        ):
            for wrong in ("", "other", first.upper(), first + " "):
                self.check(
                    f'{option}: expected "{first}" or "{second}", found "{wrong}"',
                    **{option: wrong},
                )

    def test_scalars(self):
        for scale in (float("nan"), float("inf"), 1e39):
            self.check("scale: expected a finite float32 number, found", scale=scale)
        for epsilon in (float("nan"), float("inf"), -1e-6):
            self.check(
                "norm_epsilon: expected a finite float32 number, not negative, found",
                norm_epsilon=epsilon,
            )
        for count in (-1, 4097):
            self.check(f"num_snapshots: expected 0 to 4096, found {count}", num_snapshots=count)

    def test_shapes(self):
        self.check(
            r"query: expected 4 dimensions \[B, T, H, K\], found \[4, 5\]",
            lambda x: [x[0][0, 0], *x[1:]],
            layout="bthd",
        )
        self.check(
            r"value: expected a multiple of query's 2 heads, found 3",
            lambda x: [*x[:2], torch.zeros(1, 3, 4, 6), *x[3:]],
        )
        self.check(
            r"decay: expected shape \[1, 4, 4\], found \[1, 2, 4\]",
            lambda x: [*x[:2], torch.zeros(1, 4, 4, 6), *x[3:]],
        )
        self.check(r"STATE: expected shape \[1, 2, 6, 5\], found \[1, 2, 5, 6\]", state_layout="vk")

    def test_cumulative_lengths(self):
        self.check(
            "cu_seqlens: expected dtype Long, found Int",
            cu_seqlens=torch.tensor([0, 4], dtype=torch.int32),
        )
        self.check(
            r"cu_seqlens: expected 1 dimension, found shape \[1, 2\]",
            cu_seqlens=torch.tensor([[0, 4]]),
        )
        self.check(
            "cu_seqlens: expected at least one element, found none",
            cu_seqlens=torch.tensor([], dtype=torch.int64),
        )
        self.check(
            r"STATE: expected shape \[2, 2, 5, 6\], found \[1, 2, 5, 6\]",
            cu_seqlens=torch.tensor([0, 1, 4]),
        )
        self.check(
            "query: expected a batch of 1 with cu_seqlens, found 2",
            lambda x: make_inputs(2, 2, 4, 5, 6),
            cu_seqlens=torch.tensor([0, 4]),
        )
        for wrong in ([1, 4], [0, 3], [0, 5]):
            self.check("cu_seqlens: kCumulativeLengths", meta=False, cu_seqlens=torch.tensor(wrong))
        self.check(
            "cu_seqlens: kCumulativeLengths",
            lambda x: [*x[:5], x[5].expand(2, -1, -1, -1).contiguous()],
            meta=False,
            cu_seqlens=torch.tensor([0, 5, 4]),
        )

    def test_state_sharing_memory(self):
        inputs = make_inputs(1, 2, 5, 5, 5)
        inputs[5] = inputs[2]
        assert_error(
            self, "state: expected memory of its own.* with value", in_place, *inputs, layout="bhtd"
        )
        functional(*inputs, layout="bhtd")  # reads both, writes neither


if __name__ == "__main__":
    unittest.main()
