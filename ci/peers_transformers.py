#!/usr/bin/env python3
"""Times prefills of a Qwen3.5 checkpoint in transformers. Runs in the environment of ci/peers.

Prints one line of JSON: versions, seconds of loading, milliseconds of each prefill, and the logits
that a prefill gives for its last position, for comparison.
"""

import argparse
import json
import time

import torch
import transformers


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the checkpoint")
    parser.add_argument("--ids", required=True, help="file with a JSON array of token ids")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3, help="prefills to time, after one more")
    parser.add_argument("--logits", help="write the last position's logits there, as float32")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    start = time.perf_counter()
    model = transformers.AutoModelForCausalLM.from_pretrained(
        arguments.model, dtype=getattr(torch, arguments.dtype)
    )
    model.eval()
    load_s = time.perf_counter() - start
    with open(arguments.ids, encoding="utf-8") as file:
        ids = torch.tensor([json.load(file)])

    def prefill():
        return model(ids, use_cache=True, logits_to_keep=1).logits[0, -1]

    milliseconds = []
    with torch.inference_mode():
        logits = prefill().float()
        for _ in range(arguments.repeat):
            start = time.perf_counter()
            prefill()
            milliseconds.append(1e3 * (time.perf_counter() - start))
    if arguments.logits:
        logits.numpy().tofile(arguments.logits)
    print(
        json.dumps(
            {
                "version": f"transformers {transformers.__version__}, torch {torch.__version__}",
                "load_s": load_s,
                "ms": milliseconds,
            }
        )
    )


if __name__ == "__main__":
    main()
