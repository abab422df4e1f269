"""The operators of libdeltagauge_ops.so on real tensors: results, memory, errors."""

import itertools
import unittest

import torch

from torch_ops_testing import (
    MAX_ERROR,
    assert_close,
    assert_error,
    make_inputs,
    recurrent,
    reference,
)

SHAPES = [
    (2, 3, 4, 5, 6),  # the first two: the operator's own tests in ExecuTorch
    (1, 4, 7, 8, 3),
    (1, 1, 1, 1, 1),
    (1, 2, 1, 128, 128),
    (2, 2, 65, 64, 32),
    (1, 3, 33, 100, 60),
    (1, 1, 130, 256, 256),
]


def strided_copies(tensor):
    """The same values under other strides, named."""
    widened = torch.full((*tensor.shape[:-1], tensor.shape[-1] + 3), torch.nan, dtype=tensor.dtype)
    widened[..., 2:-1] = tensor
    doubled = torch.full((*tensor.shape[:-1], 2 * tensor.shape[-1]), torch.nan, dtype=tensor.dtype)
    doubled[..., ::2] = tensor
    return {
        "padded": widened[..., 2:-1],
        "every second element": doubled[..., ::2],
        "last two dimensions swapped": tensor.mT.contiguous().mT,
        "first dimensions swapped": tensor.transpose(0, 1).contiguous().transpose(0, 1),
    }


class RecurrentTest(unittest.TestCase):
    def test_follows_the_reference(self):
        for shape, dtype in itertools.product(SHAPES, MAX_ERROR):
            with self.subTest(shape=shape, dtype=dtype):
                inputs = make_inputs(*shape, dtype=dtype)
                expected, expected_state = reference(*inputs)
                result = recurrent(*inputs)
                self.assertEqual(result.dtype, dtype)
                self.assertTrue(result.is_contiguous())
                assert_close(self, result, expected, MAX_ERROR[dtype], "output")
                # The state is float32 whatever the inputs are.
                assert_close(self, inputs[5], expected_state, MAX_ERROR[torch.float32], "state")

    def test_growing_decay(self):
        # The operator's own tests in ExecuTorch draw g from a normal distribution.
        inputs = make_inputs(2, 3, 4, 5, 6)
        inputs[3] = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(1))
        expected, expected_state = reference(*inputs)
        assert_close(self, recurrent(*inputs), expected, 2e-6)
        assert_close(self, inputs[5], expected_state, 2e-6)

    def test_inputs_are_not_written(self):
        inputs = make_inputs(2, 3, 5, 8, 7)
        before = [x.clone() for x in inputs]
        recurrent(*inputs)
        for tensor, copy in zip(inputs[:5], before[:5]):
            self.assertTrue(torch.equal(tensor, copy))
        self.assertFalse(torch.equal(inputs[5], before[5]))

    def test_every_split_equals_the_whole(self):
        for shape in [(2, 3, 6, 5, 6), (1, 2, 21, 64, 64)]:
            tokens = shape[2]
            whole = make_inputs(*shape)
            expected = recurrent(*whole)
            splits = [[(0, 2), (2, 5), (5, tokens)], [(t, t + 1) for t in range(tokens)]]
            splits += [[(0, t), (t, tokens)] for t in range(tokens + 1)]
            for split in splits:
                with self.subTest(shape=shape, split=split):
                    inputs = make_inputs(*shape)
                    parts = [
                        recurrent(*(x[:, :, begin:end] for x in inputs[:5]), inputs[5])
                        for begin, end in split
                    ]
                    assert_close(self, torch.cat(parts, dim=2), expected, 2e-6, "output")
                    assert_close(self, inputs[5], whole[5], 2e-6, "state")

    def test_no_tokens_and_no_batch(self):
        inputs = make_inputs(2, 3, 0, 5, 6)
        state = inputs[5].clone()
        self.assertEqual(recurrent(*inputs).shape, (2, 3, 0, 6))
        self.assertTrue(torch.equal(inputs[5], state))
        self.assertEqual(recurrent(*make_inputs(0, 3, 4, 5, 6)).shape, (0, 3, 4, 6))

    def test_strided_inputs(self):
        contiguous = make_inputs(2, 3, 6, 5, 7)
        expected = recurrent(*contiguous)
        for i, name in itertools.product(range(5), strided_copies(contiguous[0])):
            with self.subTest(argument=i, strides=name):
                inputs = make_inputs(2, 3, 6, 5, 7)
                inputs[i] = strided_copies(inputs[i])[name]
                self.assertTrue(torch.equal(recurrent(*inputs), expected))
                self.assertTrue(torch.equal(inputs[5], contiguous[5]))

    def test_strided_state(self):
        contiguous = make_inputs(2, 3, 6, 5, 7)
        expected = recurrent(*contiguous)
        for name in strided_copies(contiguous[5]):
            with self.subTest(strides=name):
                inputs = make_inputs(2, 3, 6, 5, 7)
                inputs[5] = strided_copies(inputs[5])[name]
                around = inputs[5]._base.clone() if inputs[5]._base is not None else None
                assert_close(self, recurrent(*inputs), expected, 1e-6, "output")
                assert_close(self, inputs[5], contiguous[5], 1e-6, "state")
                if around is not None:  # what lies between the elements stays
                    self.assertEqual(
                        around.isnan().sum().item(), inputs[5]._base.isnan().sum().item()
                    )

    def test_one_buffer_for_query_key_and_value(self):
        inputs = make_inputs(1, 4, 9, 16, 16)
        packed = torch.cat([x.transpose(1, 2) for x in inputs[:3]], dim=-1)  # [B, T, H, 3 * D]
        expected = recurrent(*make_inputs(1, 4, 9, 16, 16))
        views = [x.transpose(1, 2) for x in packed.split(16, dim=-1)]
        self.assertTrue(torch.equal(recurrent(*views, *inputs[3:]), expected))

    def test_threads_do_not_change_a_bit(self):
        threads_before = torch.get_num_threads()
        self.addCleanup(torch.set_num_threads, threads_before)
        results = []
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            inputs = make_inputs(1, 1, 70, 128, 128)
            results.append((recurrent(*inputs), inputs[5]))
        for output, state in results[1:]:
            self.assertTrue(torch.equal(output, results[0][0]))
            self.assertTrue(torch.equal(state, results[0][1]))

    def test_state_counts_its_versions(self):
        inputs = make_inputs(1, 1, 2, 3, 4)
        version = inputs[5]._version
        recurrent(*inputs)
        self.assertEqual(inputs[5]._version, version + 1)

    def test_inference_mode(self):
        expected = recurrent(*make_inputs(1, 1, 2, 3, 4))
        with torch.inference_mode():
            inputs = make_inputs(1, 1, 2, 3, 4)
            self.assertTrue(torch.equal(recurrent(*inputs), expected))
        content = inputs[5].tolist()
        with self.assertRaisesRegex(RuntimeError, "inference tensor outside InferenceMode"):
            recurrent(*inputs)
        self.assertEqual(inputs[5].tolist(), content)

    def test_backward_says_that_there_is_none(self):
        for i in range(5):
            inputs = make_inputs(1, 1, 2, 3, 4)
            inputs[i].requires_grad_()
            result = recurrent(*inputs)
            with self.assertRaisesRegex(
                RuntimeError, "recurrent_gated_delta_rule.*not implemented"
            ):
                result.sum().backward()
        inputs = make_inputs(1, 1, 2, 3, 4)
        inputs[5].requires_grad_()
        with self.assertRaisesRegex(RuntimeError, "leaf Variable that requires grad"):
            recurrent(*inputs)
        with torch.no_grad():
            recurrent(*inputs)


class OutTest(unittest.TestCase):
    def test_writes_where_it_is_told(self):
        expected = recurrent(*make_inputs(2, 3, 4, 5, 6))
        outs = {"contiguous": torch.full((2, 3, 4, 6), torch.nan)}
        outs.update(strided_copies(outs["contiguous"]))
        for name, out in outs.items():
            with self.subTest(strides=name):
                inputs = make_inputs(2, 3, 4, 5, 6)
                strides, address, version = out.stride(), out.data_ptr(), out._version
                result = recurrent.out(*inputs, out=out)
                self.assertIs(result, out)
                self.assertTrue(torch.equal(out, expected))
                self.assertEqual((out.stride(), out.data_ptr()), (strides, address))
                self.assertGreater(out._version, version)
                if name == "padded":
                    self.assertTrue(out._base[..., :2].isnan().all())
                    self.assertTrue(out._base[..., -1:].isnan().all())
                if name == "every second element":
                    self.assertTrue(out._base[..., 1::2].isnan().all())

    def test_resizes_only_what_is_empty(self):
        expected = recurrent(*make_inputs(2, 3, 4, 5, 6))
        for shape in [(0,), (2, 3, 0, 6), (0, 9)]:
            inputs = make_inputs(2, 3, 4, 5, 6)
            out = torch.empty(shape)
            self.assertIs(recurrent.out(*inputs, out=out), out)
            self.assertTrue(torch.equal(out, expected))
        for shape in [(2, 3, 4, 5), (2, 3, 6, 4), (1,), (2, 3, 4, 6, 1), (144,)]:
            assert_error(
                self,
                r"recurrent_gated_delta_rule\.out: out: expected shape \[2, 3, 4, 6\] or no "
                r"elements, found \[" + ", ".join(map(str, shape)) + r"\]",
                recurrent.out,
                *make_inputs(2, 3, 4, 5, 6),
                out=torch.zeros(shape),
            )

    def test_an_error_leaves_an_empty_out_empty(self):
        inputs = make_inputs(2, 3, 4, 5, 6)
        inputs[5] = inputs[5][:1].expand(2, 3, 5, 6)
        assert_error(
            self, "recurrent_state: expected strides", recurrent.out, *inputs, out=torch.empty(0)
        )
        inputs = make_inputs(2, 3, 4, 5, 6)
        # No elements, but in the storage of value: growing it would overwrite value.
        assert_error(
            self,
            "out: expected memory of its own, found .* with value",
            recurrent.out,
            *inputs,
            out=inputs[2][:, :, :0],
        )
        unresizable = torch.frombuffer(bytearray(4), dtype=torch.float32)[:0]
        assert_error(
            self,
            "out: expected a storage that can grow to 576 bytes",
            recurrent.out,
            *make_inputs(2, 3, 4, 5, 6),
            out=unresizable,
        )

    def test_sharing_memory_is_an_error(self):
        names = ["query", "key", "value", "g", "beta", "recurrent_state"]
        for i, name in enumerate(names):
            inputs = make_inputs(1, 1, 6, 6, 6)
            storage = torch.zeros(1000)
            storage[: inputs[i].numel()] = inputs[i].flatten()
            inputs[i] = storage[: inputs[i].numel()].view(inputs[i].shape)
            for offset in (0, inputs[i].numel() - 1):  # all, and one element
                out = storage[offset : offset + 36].view(1, 1, 6, 6)
                assert_error(
                    self,
                    f"out: expected memory of its own, found .* with {name}",
                    recurrent.out,
                    *inputs,
                    out=out,
                )
            out = storage[inputs[i].numel() :][:36].view(1, 1, 6, 6)  # a neighbour is no overlap
            recurrent.out(*inputs, out=out)
        inputs = make_inputs(1, 1, 6, 6, 6)
        assert_error(self, "with value", recurrent.out, *inputs, out=inputs[2])
        assert_error(self, "with recurrent_state", recurrent.out, *inputs, out=inputs[5])
        inputs[5] = inputs[0]
        assert_error(
            self, "recurrent_state: expected memory of its own.* with query", recurrent, *inputs
        )
        # The last dimension swapped: the kernel works on a copy, which must not hide the overlap.
        inputs = make_inputs(1, 1, 6, 6, 6)
        assert_error(self, "with value", recurrent.out, *inputs, out=inputs[2].mT)

    def test_strides_that_meet_are_an_error(self):
        inputs = make_inputs(2, 3, 4, 5, 6)
        assert_error(
            self,
            "out: expected strides that give each element a place of its own",
            recurrent.out,
            *inputs,
            out=torch.zeros(6).expand(2, 3, 4, 6),
        )
        overlapping = torch.zeros(300).as_strided((2, 3, 4, 6), (100, 30, 5, 2))
        assert_error(self, "out: expected strides", recurrent.out, *inputs, out=overlapping)

    def test_type_is_checked(self):
        assert_error(
            self,
            "out: expected dtype Float, found Double",
            recurrent.out,
            *make_inputs(2, 3, 4, 5, 6),
            out=torch.zeros(2, 3, 4, 6, dtype=torch.float64),
        )


class ErrorTest(unittest.TestCase):
    def check(self, pattern, change):
        inputs = dict(zip("qkvgbs", make_inputs(2, 3, 4, 5, 6)))
        inputs.update(change(inputs))
        assert_error(
            self, "llama::recurrent_gated_delta_rule: " + pattern, recurrent, *inputs.values()
        )
        if all(x.device.type == "cpu" for x in inputs.values()):
            meta = [x.to("meta") for x in inputs.values()]
            assert_error(self, pattern.replace("cpu", "meta"), recurrent, *meta)

    def test_shapes(self):
        self.check(
            r"query: expected 4 dimensions \[B, H, T, K\], found \[3, 4, 5\]",
            lambda x: {"q": x["q"][0]},
        )
        self.check(
            r"value: expected 4 dimensions \[B, H, T, V\], found \[\]",
            lambda x: {"v": torch.tensor(0.0)},
        )
        self.check(
            r"key: expected shape \[2, 3, 4, 5\], found \[2, 3, 4, 4\]",
            lambda x: {"k": x["k"][..., :4]},
        )
        self.check(
            r"key: expected shape \[2, 3, 4, 5\], found \[3, 2, 4, 5\]",
            lambda x: {"k": x["k"].transpose(0, 1)},
        )
        self.check(
            r"value: expected shape \[2, 3, 4, 6\], found \[2, 1, 4, 6\]",
            lambda x: {"v": x["v"][:, :1]},
        )
        self.check(
            r"value: expected shape \[2, 3, 4, 6\], found \[2, 6, 4, 6\]",  # no grouping
            lambda x: {"v": x["v"].repeat(1, 2, 1, 1)},
        )
        self.check(
            r"g: expected shape \[2, 3, 4\], found \[2, 3, 4, 1\]",
            lambda x: {"g": x["g"][..., None]},
        )
        self.check(
            r"beta: expected shape \[2, 3, 4\], found \[2, 4, 3\]", lambda x: {"b": x["b"].mT}
        )
        self.check(
            r"recurrent_state: expected shape \[2, 3, 5, 6\], found \[2, 3, 6, 5\]",
            lambda x: {"s": x["s"].mT},
        )

    def test_limits(self):
        for size in (0, 257):
            self.check(
                f"query: expected key_dim from 1 to 256, found {size}",
                lambda x: {"q": torch.zeros(2, 3, 4, size)},
            )
            self.check(
                f"value: expected value_dim from 1 to 256, found {size}",
                lambda x: {"v": torch.zeros(2, 3, 4, size)},
            )
        self.check(
            "query: expected key_heads from 1 to 65536, found 0",
            lambda x: {"q": torch.zeros(2, 0, 4, 5)},
        )

    def test_types(self):
        self.check(
            "query: expected dtype Float or BFloat16, found Half", lambda x: {"q": x["q"].half()}
        )
        self.check("key: expected dtype Float, found BFloat16", lambda x: {"k": x["k"].bfloat16()})
        self.check("value: expected dtype Float, found Double", lambda x: {"v": x["v"].double()})
        self.check("g: expected dtype Float, found BFloat16", lambda x: {"g": x["g"].bfloat16()})
        self.check("beta: expected dtype Float, found Long", lambda x: {"b": x["b"].long()})
        self.check(
            "recurrent_state: expected dtype Float, found Double", lambda x: {"s": x["s"].double()}
        )

    def test_devices(self):
        inputs = make_inputs(2, 3, 4, 5, 6)
        inputs[1] = inputs[1].to("meta")
        with self.assertRaisesRegex(RuntimeError, "key: expected device cpu"):
            recurrent(*inputs)


if __name__ == "__main__":
    unittest.main()
