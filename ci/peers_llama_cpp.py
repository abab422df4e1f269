#!/usr/bin/env python3
"""Runs llama.cpp's converter on a checkpoint whose tokenizer it doesn't know.

    peers_llama_cpp.py SOURCES ARGUMENT...

The converter tells the pre-tokenizer by a hash of what the tokenizer makes of a text, and refuses a
vocabulary that it never saw; Qwen3.5's is named here. The arguments are the converter's own.
"""

import pathlib
import runpy
import sys


def main():
    sources = pathlib.Path(sys.argv[1]).resolve()
    sys.path[:0] = [str(sources), str(sources / "gguf-py")]
    from conversion import base

    base.TextModel.get_vocab_base_pre = lambda self, tokenizer: "qwen35"
    converter = sources / "convert_hf_to_gguf.py"
    sys.argv = [str(converter), *sys.argv[2:]]
    runpy.run_path(str(converter), run_name="__main__")


if __name__ == "__main__":
    main()
