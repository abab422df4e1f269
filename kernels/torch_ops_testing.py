"""What the tests of the operator library share: the library, inputs, a reference, comparisons."""

import math
import os

import torch

torch.ops.load_library(os.environ["DELTAGAUGE_OPS_LIBRARY"])

recurrent = torch.ops.llama.recurrent_gated_delta_rule
functional = torch.ops.deltagauge.gated_delta_rule
in_place = torch.ops.deltagauge.gated_delta_rule_

# Relative RMS error: the bound that gated_delta_rule.h gives for float32, and the usual one for
# bfloat16 input and output.
MAX_ERROR = {torch.float32: 2e-6, torch.bfloat16: 5e-3}


def make_inputs(b, h, t, k, v, *, seed=0, key_heads=None, dtype=torch.float32):
    """Unit keys and queries, decays up to 1, a state that matters: [B, H, T, D], seed order."""
    generator = torch.Generator().manual_seed(seed)
    normal = lambda *shape: torch.randn(*shape, generator=generator)
    uniform = lambda *shape: torch.rand(*shape, generator=generator)
    unit = lambda x: x / x.norm(dim=-1, keepdim=True)
    key_heads = key_heads or h
    return [
        (unit(normal(b, key_heads, t, k)) / math.sqrt(k)).to(dtype),
        unit(normal(b, key_heads, t, k)).to(dtype),
        normal(b, h, t, v).to(dtype),
        -2.0 * uniform(b, h, t),
        uniform(b, h, t),
        normal(b, h, k, v),
    ]


def reference(query, key, value, log_decay, beta, state):
    """The equation, one token after the other, in float64. Everything [B, H, ...], heads equal."""
    query, key, value, log_decay, beta, state = (
        x.double() for x in (query, key, value, log_decay, beta, state)
    )
    output = torch.empty_like(value)
    for t in range(query.shape[2]):
        state = log_decay[:, :, t].exp()[..., None, None] * state
        kept = torch.einsum("bhkv,bhk->bhv", state, key[:, :, t])
        written = beta[:, :, t, None] * (value[:, :, t] - kept)
        state = state + torch.einsum("bhk,bhv->bhkv", key[:, :, t], written)
        output[:, :, t] = torch.einsum("bhkv,bhk->bhv", state, query[:, :, t])
    return output, state


def assert_close(test, found, expected, max_error, what=""):
    """Relative RMS error at most `max_error`, every element near. Refuses to compare nothing."""
    test.assertEqual(found.shape, expected.shape, what)
    test.assertGreater(expected.numel(), 0, what)
    expected = expected.double()
    scale = expected.square().mean().sqrt().item()
    test.assertTrue(math.isfinite(scale) and scale > 0, f"{what}: the reference proves nothing")
    difference = found.double() - expected
    error = difference.square().mean().sqrt().item() / scale
    test.assertLessEqual(error, max_error, f"{what}: relative RMS error")  # fails for NaN too
    worst = difference.abs().max().item() / expected.abs().max().item()
    test.assertLessEqual(worst, 10 * max_error, f"{what}: largest error over largest value")


def assert_error(test, pattern, function, *args, **kwargs):
    """`function` raises with `pattern` in its message, and changes none of its tensors."""
    tensors = [x for x in (*args, *kwargs.values()) if isinstance(x, torch.Tensor)]
    before = [(x.clone(), x.shape, x._version) for x in tensors if x.device.type == "cpu"]
    with test.assertRaisesRegex((RuntimeError, ValueError), pattern):
        function(*args, **kwargs)
    for tensor, (content, shape, version) in zip(tensors, before):
        test.assertEqual(tensor.shape, shape)
        test.assertTrue(torch.equal(tensor, content), "an argument changed")
        test.assertEqual(tensor._version, version)
