#!/usr/bin/env python3
"""Logits of a GGUF model in llama.cpp, for a `logits:` candidate.

    deltagauge tokenize --model CHECKPOINT --file builtin:pydoc > ids.json
    logits_llama_cpp.py --model f32.gguf --ids ids.json --tokens 512 --out llama_cpp.safetensors

Needs llama-cpp-python and safetensors. GGUF is converted from the same checkpoint, whose token ids
it keeps. `ci/peers setup llama.cpp` does it for the full-size model; the small one, with torch,
transformers and the sources that `ci/ggml_plugin` downloads:

    ci/peers_llama_cpp.py build/peers/llama.cpp/vendor/llama.cpp --no-mtp --outtype f32 \\
        --outfile f32.gguf reference/fixtures/qwen3_5-tiny

The file's form: harness/model/foreign_logits.h.
"""

import argparse
import json

import llama_cpp
import numpy
from safetensors.numpy import save_file


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--ids", required=True, help="file with a JSON array of token ids")
    parser.add_argument("--offset", type=int, default=0, help="the text's offset: first id to feed")
    parser.add_argument("--tokens", type=int, help="ids to feed; by default all")
    parser.add_argument("--every", type=int, default=1, help="keep each Nth position")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--cache",
        choices=("float16", "float32"),
        default="float16",
        help="keys and values of attention; float16 is llama.cpp's own default",
    )
    parser.add_argument("--out", required=True, help="file to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    with open(arguments.ids, encoding="utf-8") as file:
        ids = json.load(file)[arguments.offset :][: arguments.tokens]
    cache_type = llama_cpp.GGML_TYPE_F32 if arguments.cache == "float32" else llama_cpp.GGML_TYPE_F16
    model = llama_cpp.Llama(
        arguments.model,
        n_ctx=len(ids),
        n_threads=arguments.threads,
        n_threads_batch=arguments.threads,
        logits_all=True,
        type_k=cache_type,
        type_v=cache_type,
        verbose=False,
    )
    model.eval(ids)  # ids as they are: no token is put before them
    positions = numpy.arange(0, len(ids), arguments.every, dtype=numpy.int64)
    logits = numpy.ascontiguousarray(model.scores[positions], dtype=numpy.float32)
    save_file(
        {
            "logits": logits,
            "positions": positions,
            "token_ids": numpy.array(ids, dtype=numpy.int64),
        },
        arguments.out,
        {"engine": f"llama.cpp, llama-cpp-python {llama_cpp.__version__}"},
    )
    print(f"{arguments.out}: logits {list(logits.shape)}")


if __name__ == "__main__":
    main()
