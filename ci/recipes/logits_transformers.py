#!/usr/bin/env python3
"""Logits of a checkpoint in Hugging Face transformers, for a `logits:` candidate.

    deltagauge tokenize --model CHECKPOINT --file builtin:pydoc > ids.json
    logits_transformers.py --model CHECKPOINT --ids ids.json --tokens 512 --out hf.safetensors

Needs torch, transformers and safetensors. The file's form: harness/model/foreign_logits.h.
"""

import argparse
import json

import torch
import transformers
from safetensors.torch import save_file


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="folder of the checkpoint")
    parser.add_argument("--ids", required=True, help="file with a JSON array of token ids")
    parser.add_argument("--offset", type=int, default=0, help="the text's offset: first id to feed")
    parser.add_argument("--tokens", type=int, help="ids to feed; by default all")
    parser.add_argument("--every", type=int, default=1, help="keep each Nth position")
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", required=True, help="file to write")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    with open(arguments.ids, encoding="utf-8") as file:
        ids = json.load(file)[arguments.offset :][: arguments.tokens]
    model = transformers.AutoModelForCausalLM.from_pretrained(
        arguments.model, dtype=getattr(torch, arguments.dtype)
    ).eval()
    token_ids = torch.tensor(ids, dtype=torch.int64)
    positions = torch.arange(0, len(ids), arguments.every)
    with torch.inference_mode():
        # The head for the rows that are kept alone: a row of a large vocabulary takes 1 MB.
        logits = model(token_ids[None], logits_to_keep=positions).logits[0].float()
    engine = f"transformers {transformers.__version__}, torch {torch.__version__}"
    save_file(
        {"logits": logits.contiguous(), "positions": positions, "token_ids": token_ids},
        arguments.out,
        {"engine": f"{engine}, {arguments.dtype}"},
    )
    print(f"{arguments.out}: logits {list(logits.shape)}")


if __name__ == "__main__":
    main()
