#!/usr/bin/env python3
"""Exports a Qwen3.5 checkpoint to OpenVINO, or times its prefills.

Runs in the environment that ci/peers makes. `time` prints one line of JSON, as
ci/peers_transformers.py does.
"""

import argparse
import json
import pathlib
import time

import numpy
import openvino


def cut_head(model):
    """Lets the head see the last position only: it would compute logits of all 512 else."""
    (head,) = [
        result.input_value(0).get_node()
        for result in model.get_results()
        if "logits" in result.input_value(0).get_names()
    ]
    while head.get_type_name() == "Convert":
        head = head.input_value(0).get_node()
    if head.get_type_name() != "MatMul":
        raise SystemExit(f"expected a MatMul in front of the logits, found {head}")
    opset = openvino.opset14
    last = opset.slice(
        head.input_value(0),
        opset.constant([-1], dtype=numpy.int64),
        opset.constant([numpy.iinfo(numpy.int64).max], dtype=numpy.int64),
        opset.constant([1], dtype=numpy.int64),
        opset.constant([1], dtype=numpy.int64),
    )
    head.input(0).replace_source_output(last.output(0))
    model.validate_nodes_and_infer_types()


def export(arguments):
    """The text model alone, in float32, with its states inside; then the head is cut."""
    import torch
    from optimum.exporters.openvino import export_from_model
    from optimum.intel.openvino import OVConfig
    from transformers import AutoModelForCausalLM

    whole = pathlib.Path(arguments.out) / "whole"
    text_model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32)
    export_from_model(
        text_model,
        whole,
        task="text-generation-with-past",
        stateful=True,
        ov_config=OVConfig(dtype="fp32"),
    )
    del text_model
    cut(arguments)


def cut(arguments):
    """Writes last_position.xml from the exporter's model, and removes that."""
    out = pathlib.Path(arguments.out)
    whole = out / "whole"
    model = openvino.Core().read_model(whole / "openvino_model.xml")
    cut_head(model)
    openvino.save_model(model, out / "last_position.xml", compress_to_fp16=False)
    del model
    for file in whole.iterdir():
        file.unlink()
    whole.rmdir()


def measure(arguments):
    """Times prefills on an empty state, logits of the last position only."""
    start = time.perf_counter()
    compiled = openvino.Core().compile_model(
        pathlib.Path(arguments.out) / "last_position.xml",
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[arguments.dtype],
            "INFERENCE_NUM_THREADS": arguments.threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
        },
    )
    request = compiled.create_infer_request()
    load_s = time.perf_counter() - start
    with open(arguments.ids, encoding="utf-8") as file:
        ids = numpy.array([json.load(file)], dtype=numpy.int64)
    inputs = {"input_ids": ids, "attention_mask": numpy.ones_like(ids)}
    names = {name for port in compiled.inputs for name in port.get_names()}
    if "position_ids" in names:
        inputs["position_ids"] = numpy.arange(ids.shape[1], dtype=numpy.int64)[None, :]
    if "beam_idx" in names:
        inputs["beam_idx"] = numpy.zeros(1, dtype=numpy.int32)

    def prefill():
        request.reset_state()
        request.infer(inputs)
        return request.get_tensor("logits").data

    logits = prefill()
    if logits.shape[1] != 1:
        raise SystemExit(f"logits have the shape {logits.shape}: the head is not cut")
    logits = logits[0, -1].astype(numpy.float32)
    milliseconds = []
    for _ in range(arguments.repeat):
        start = time.perf_counter()
        prefill()
        milliseconds.append(1e3 * (time.perf_counter() - start))
    if arguments.logits:
        logits.tofile(arguments.logits)
    version = openvino.get_version()
    precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    print(
        json.dumps(
            {
                "version": f"OpenVINO {version}, inference precision {precision}",
                "load_s": load_s,
                "ms": milliseconds,
            }
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    steps = parser.add_subparsers(required=True)
    exporting = steps.add_parser("export")
    exporting.set_defaults(step=export)
    exporting.add_argument("--model", required=True, help="folder of the checkpoint")
    timing = steps.add_parser("time")
    timing.set_defaults(step=measure)
    timing.add_argument("--ids", required=True, help="file with a JSON array of token ids")
    timing.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    timing.add_argument("--threads", type=int, default=2)
    timing.add_argument("--repeat", type=int, default=3, help="prefills to time, after one more")
    timing.add_argument("--logits", help="write the last position's logits there, as float32")
    for step in (exporting, timing):
        step.add_argument("--out", required=True, help="folder of the exported model")
    arguments = parser.parse_args()
    arguments.step(arguments)


if __name__ == "__main__":
    main()
