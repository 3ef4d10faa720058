"""The training step of train_bench in plain PyTorch: what our worker is measured against.

    train_bench export FOLDER --model 9m
    pytorch_reference.py FOLDER [--device cpu|cuda] [--precision fp32|bf16] [--compile] [--warmup N] [--json FILE]

FOLDER holds config.json, model.safetensors (initial weights under Hugging Face's names) and batches.safetensors;
fewer batches than steps repeat in turn. Prints one JSON object: the loss before each update, the norm of each
gradient before clipping, and the median seconds of a step. Runs on PyTorch 1.13 (Debian 12: /usr/bin/python3) and
2.x. Variants of the same mathematics were chosen by timing them on a CPU with 1 and 2 threads; comments say which.

Shape letters: B sequences, T positions, D width, H heads, K key-value heads, C width of a head, N pictures,
V encoder width, s side of a grid, k visual tokens.
"""
import argparse
import contextlib
import json
import math
import mmap
import re
import resource
import statistics
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VERSION = tuple(int(number) for number in re.findall(r"\d+", torch.__version__)[:2])
HAS_SDPA = hasattr(F, "scaled_dot_product_attention")  # 2.0
HAS_RMS_NORM = hasattr(F, "rms_norm")  # 2.4
ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "quick-gelu": lambda x: x * torch.sigmoid(1.702 * x),
}


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor] = None, causal: bool = False) -> Tensor:
    """q [B, H, T, C], k and v [B, K, T, C], an additive mask [B, 1, T, T] -> [B, T, H C]."""
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    if HAS_SDPA:
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=causal)
    else:
        # 1.13. Scaling q and adding in place was the fastest, or level with baddbmm, at 1 and 2 threads; scaling
        # the scores and masked_fill_ took up to 1.3 times as long.
        scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        if mask is not None:
            scores.add_(mask)
        mixed = scores.softmax(-1) @ v
    return mixed.transpose(1, 2).flatten(2)


def document_mask(documents: Tensor, dtype: torch.dtype) -> Tensor:
    """Causal within each document, to be added to scores: 0 or -inf [B, 1, T, T]. As numbers, because PyTorch turns
    a boolean mask into them in every layer anew."""
    seen = (documents.unsqueeze(2) == documents.unsqueeze(1)).tril()
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, -math.inf).unsqueeze(1)


class RMSNorm(nn.Module):
    def __init__(self, width: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        if HAS_RMS_NORM:
            return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.epsilon).to(x.dtype)
        wide = x.float()
        normed = wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self.epsilon)
        return normed.to(x.dtype) * self.weight.to(x.dtype)


class DecoderLayer(nn.Module):
    """Queries, keys and values come from one matrix; gate and up from their own, because halves of a common one have
    gaps, and cost a CPU up to a tenth more."""

    def __init__(self, llm: dict):
        super().__init__()
        width, mlp_width, epsilon = llm["width"], llm["mlp_width"], llm["norm_epsilon"]
        self.heads, self.kv_heads, self.head_width = llm["heads"], llm["kv_heads"], width // llm["heads"]
        self.input_layernorm = RMSNorm(width, epsilon)
        self.qkv_proj = nn.Linear(width, (self.heads + 2 * self.kv_heads) * self.head_width, bias=False)
        self.o_proj = nn.Linear(width, width, bias=False)
        self.post_attention_layernorm = RMSNorm(width, epsilon)
        self.gate_proj = nn.Linear(width, mlp_width, bias=False)
        self.up_proj = nn.Linear(width, mlp_width, bias=False)
        self.down_proj = nn.Linear(mlp_width, width, bias=False)

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor, mask: Optional[Tensor], causal: bool) -> Tensor:
        qkv = self.qkv_proj(self.input_layernorm(x)).unflatten(2, (-1, self.head_width))  # [B, T, H + 2 K, C]
        # Queries and keys are turned together; two products of the full width beat four of the half.
        qk, v = qkv.split([self.heads + self.kv_heads, self.kv_heads], 2)
        first, second = qk.chunk(2, -1)
        qk = (qk * cosines + torch.cat((-second, first), -1) * sines).to(v.dtype)
        q, k = qk.transpose(1, 2).split([self.heads, self.kv_heads], 1)
        x = x + self.o_proj(attend(q, k, v.transpose(1, 2), mask, causal))
        y = self.post_attention_layernorm(x)
        return x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))


class Decoder(nn.Module):
    """Llama's: everything but the head."""

    def __init__(self, llm: dict, seq_len: int):
        super().__init__()
        self.embed_tokens = nn.Embedding(llm["vocab_size"], llm["width"])
        self.layers = nn.ModuleList(DecoderLayer(llm) for _ in range(llm["layers"]))
        self.norm = RMSNorm(llm["width"], llm["norm_epsilon"])
        half = llm["width"] // llm["heads"] // 2
        frequencies = llm["rope_theta"] ** (-torch.arange(half, dtype=torch.float64) / half)
        angles = torch.outer(torch.arange(seq_len), frequencies.float()).repeat(1, 2)  # [T, C]
        self.register_buffer("cosines", angles.cos(), persistent=False)
        self.register_buffer("sines", angles.sin(), persistent=False)

    def forward(self, x: Tensor, positions: Tensor, documents: Tensor, causal: bool) -> Tensor:
        mask = None if causal and HAS_SDPA else document_mask(documents, x.dtype)
        cosines, sines = self.cosines[positions].unsqueeze(2), self.sines[positions].unsqueeze(2)  # [B, T, 1, C]
        for layer in self.layers:
            x = layer(x, cosines, sines, mask, causal)
        return self.norm(x)


class EncoderLayer(nn.Module):
    def __init__(self, encoder: dict):
        super().__init__()
        width, mlp_width = encoder["width"], encoder["mlp_width"]
        self.heads, self.activation = encoder["heads"], ACTIVATIONS[encoder["activation"]]
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv_proj, self.out_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, mlp_width), nn.Linear(mlp_width, width)

    def forward(self, x: Tensor) -> Tensor:
        qkv = self.qkv_proj(self.layer_norm1(x)).unflatten(2, (3, self.heads, -1))
        x = x + self.out_proj(attend(*qkv.permute(2, 0, 3, 1, 4)))  # [N, H, T, C] each
        return x + self.fc2(self.activation(self.fc1(self.layer_norm2(x))))


class ClipEncoder(nn.Module):
    """CLIP's ViT: the features of its patches after the last norm. [N, s p, s p, 3] bytes -> [N, s^2, V]"""

    def __init__(self, encoder: dict):
        super().__init__()
        width, patch = encoder["width"], encoder["patch"]
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.position_embedding = nn.Embedding((encoder["resolution"] // patch) ** 2 + 1, width)
        self.pre_layrnorm = nn.LayerNorm(width)  # Spelt so by Hugging Face.
        self.layers = nn.ModuleList(EncoderLayer(encoder) for _ in range(encoder["layers"]))
        self.post_layernorm = nn.LayerNorm(width)
        for name in ("pixel_mean", "pixel_std"):
            self.register_buffer(name, torch.tensor(encoder[name]).view(3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        image = pixels.permute(0, 3, 1, 2).contiguous().float().div_(255).sub_(self.pixel_mean).div_(self.pixel_std)
        x = self.patch_embedding(image).flatten(2).transpose(1, 2)
        x = torch.cat((self.class_embedding.to(x.dtype).expand(len(x), 1, -1), x), 1)
        x = self.pre_layrnorm(x + self.position_embedding.weight.to(x.dtype)).to(x.dtype)
        for layer in self.layers:
            x = layer(x)
        return self.post_layernorm(x[:, 1:]).to(x.dtype)


def to_grid(features: Tensor) -> Tensor:
    """[N, s^2, V] -> [N, V, s, s], the same memory (channels last)."""
    side = math.isqrt(features.shape[1])
    return features.transpose(1, 2).unflatten(2, (side, side))


class AveragePool(nn.Module):
    def __init__(self, connector: dict, width: int, patches: int, llm_width: int):
        super().__init__()
        self.side = math.isqrt(connector["tokens"])
        self.projection = nn.Linear(width, llm_width)

    def forward(self, features: Tensor) -> Tensor:
        return self.projection(F.adaptive_avg_pool2d(to_grid(features), self.side).flatten(2).transpose(1, 2))


class Mlp(nn.Module):
    """LLaVA-1.5's."""

    def __init__(self, connector: dict, width: int, patches: int, llm_width: int):
        super().__init__()
        self.linear_1 = nn.Linear(width, llm_width)
        self.linear_2 = nn.Linear(llm_width, llm_width)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_2(F.gelu(self.linear_1(features)))


class ConvNorm(nn.Module):
    """A convolution, LayerNorm over the channels, and perhaps a SiLU."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, groups: int = 1, act: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
        self.bn = nn.LayerNorm(outputs)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return F.silu(x) if self.act else x


class RegNetBlock(nn.Module):
    def __init__(self, inputs: int, width: int):
        super().__init__()
        squeezed = int(0.25 * inputs + 0.5)
        self.conv1 = ConvNorm(inputs, width)
        self.conv2 = ConvNorm(width, width, 3, groups=width)
        self.fc1, self.fc2 = nn.Conv2d(width, squeezed, 1), nn.Conv2d(squeezed, width, 1)
        self.conv3 = ConvNorm(width, width, act=False)
        self.downsample = ConvNorm(inputs, width, act=False) if inputs != width else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2(self.conv1(x))
        y = y * torch.sigmoid(self.fc2(F.silu(self.fc1(y.mean((2, 3), keepdim=True)))))
        return F.silu(self.conv3(y) + self.downsample(x))


class CAbstractor(nn.Module):
    """Honeybee's: RegNet blocks, average pooling, RegNet blocks, two linear maps."""

    def __init__(self, connector: dict, width: int, patches: int, llm_width: int):
        super().__init__()
        inner, depth = connector["width"], connector["depth"]
        widths = [width] + [inner] * 2 * depth
        half = lambda first: OrderedDict((f"b{i + 1}", RegNetBlock(widths[first + i], inner)) for i in range(depth))
        self.pos_emb = nn.Parameter(torch.empty(1, patches, width))
        self.net = nn.Sequential(nn.Sequential(half(0)), nn.AdaptiveAvgPool2d(math.isqrt(connector["tokens"])),
                                 nn.Sequential(half(depth)))
        self.readout = nn.Sequential(nn.Linear(widths[-1], llm_width), nn.SiLU(), nn.Linear(llm_width, llm_width))

    def forward(self, features: Tensor) -> Tensor:
        x = self.net(to_grid(features + self.pos_emb.to(features.dtype)))
        return self.readout(x.flatten(2).transpose(1, 2))


CONNECTORS = {"average-pool": AveragePool, "mlp": Mlp, "c-abstractor": CAbstractor}


class Batch(NamedTuple):
    tokens: Tensor  # [B, T]
    positions: Tensor
    documents: Tensor  # -1: padding.
    labels: Tensor  # -100: none.
    causal: bool  # Each sequence is one document (and padding): no mask is needed.
    pixels: Optional[Tensor]  # [N, R, R, 3] uint8
    visual_positions: Optional[Tensor]  # [N k], among the B T positions.


class Model(nn.Module):
    def __init__(self, config: dict, dtype: torch.dtype):
        super().__init__()
        llm, encoder = config["llm"], config["encoder"]
        self.dtype, self.z_loss = dtype, config["train"]["z_loss"]  # `dtype`: of what the layers pass on.
        if config["pictures"]:
            patches = (encoder["resolution"] // encoder["patch"]) ** 2
            kind = CONNECTORS[config["connector"]["kind"]]
            self.vision_tower = ClipEncoder(encoder)
            self.multi_modal_projector = kind(config["connector"], encoder["width"], patches, llm["width"])
        self.model = Decoder(llm, config["data"]["seq_len"])
        self.lm_head = nn.Linear(llm["width"], llm["vocab_size"], bias=False)
        if llm["tied_head"]:
            self.lm_head.weight = self.model.embed_tokens.weight

    def forward(self, batch: Batch) -> Tensor:
        x = self.model.embed_tokens(batch.tokens).to(self.dtype)
        if batch.pixels is not None:
            visual = self.multi_modal_projector(self.vision_tower(batch.pixels)).flatten(0, 1).to(x.dtype)
            x = x.flatten(0, 1).index_copy(0, batch.visual_positions, visual).view_as(x)
        logits = self.lm_head(self.model(x, batch.positions, batch.documents, batch.causal)).flatten(0, 1)
        labels = batch.labels.flatten()
        loss = F.cross_entropy(logits, labels, ignore_index=-100)
        if self.z_loss > 0:
            loss = loss + self.z_loss * logits.float().logsumexp(-1).square()[labels != -100].mean()
        return loss


def read_safetensors(path: Path) -> Dict[str, Tensor]:
    types = {"F32": torch.float32, "I64": torch.int64, "I32": torch.int32, "U8": torch.uint8}
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    begin = 8 + int.from_bytes(data[:8], "little")
    tensors = {}
    for name, item in json.loads(data[8:begin]).items():
        if name != "__metadata__" and math.prod(item["shape"]) > 0:
            flat = torch.frombuffer(data, dtype=types[item["dtype"]], count=math.prod(item["shape"]),
                                    offset=begin + item["data_offsets"][0])
            tensors[name] = flat.view(item["shape"])
    return tensors


def load_weights(model: Model, path: Path):
    """From Hugging Face's names to ours: fewer levels; queries, keys and values as one matrix."""
    stored, state = read_safetensors(path), {}
    for name, tensor in stored.items():
        if re.search(r"\.[qkv]_proj\.", name):
            tensor = torch.cat([stored[re.sub(r"\.[qkv]_proj\.", f".{part}_proj.", name)] for part in "qkv"])
            name = re.sub(r"\.[qkv]_proj\.", ".qkv_proj.", name)
        levels = r"\b(language_model|vision_model|embeddings|encoder|self_attn|mlp|abstractor|se)\."
        state[re.sub(levels, "", name)] = tensor
    if model.lm_head.weight is model.model.embed_tokens.weight:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state)


def load_batches(path: Path, pictures: bool, device: str) -> List[Batch]:
    stored = read_safetensors(path)
    batches = []
    while f"{len(batches)}.tokens" in stored:
        item = {name.split(".")[1]: tensor for name, tensor in stored.items() if name.startswith(f"{len(batches)}.")}
        if pictures and "pixels" not in item:
            sys.exit(f"pytorch_reference.py: batch {len(batches)} has no pictures; expected some in every batch")
        documents = item["documents"]
        causal = bool(((documents == documents[:, :1]) | (documents < 0)).all())
        item["positions"] = item["positions"].long()
        on_device = {name: tensor.to(device, copy=True) for name, tensor in item.items()}
        batches.append(Batch(causal=causal, **{"pixels": None, "visual_positions": None, **on_device}))
    return batches


def learning_rate(step: int, train: dict) -> float:
    """Of an update, counted from 1."""
    peak, warmup = train["peak_lr"], train["warmup_steps"]
    if step < warmup:
        return peak * step / warmup
    if train["schedule"] == "constant":
        return peak
    progress = min(max((step - warmup) / max(1, train["steps"] - warmup), 0), 1)
    floor = peak * train["min_lr_ratio"]
    if train["schedule"] == "linear":
        return peak + (floor - peak) * progress
    return floor + (peak - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimizer(model: nn.Module, train: dict, device: str) -> torch.optim.Optimizer:
    """AdamW: matrices decay, norms and biases do not."""
    parameters = list(model.parameters())
    groups = [{"params": [p for p in parameters if p.dim() >= 2], "weight_decay": train["weight_decay"]},
              {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}]
    fused = {"fused": True} if VERSION >= ((2, 0) if device == "cuda" else (2, 4)) else {}  # 2 to 3 times as fast.
    return torch.optim.AdamW(groups, lr=train["peak_lr"], betas=(train["beta1"], train["beta2"]), eps=train["epsilon"],
                             **fused)


def check(config: dict, options: argparse.Namespace):
    encoder, connector = config["encoder"], config["connector"]
    refused = None
    if config["pictures"]:
        for key, found, known in (("encoder.loss", encoder["loss"], ["clip"]),
                                  ("encoder.activation", encoder["activation"], ACTIVATIONS),
                                  ("connector.kind", connector["kind"], CONNECTORS)):
            if found not in known:
                refused = f"{key}: found '{found}'; expected {' or '.join(known)}"
    if options.device == "cuda" and not torch.cuda.is_available():
        refused = "this PyTorch sees no GPU; expected --device cpu"
    if options.compile and not hasattr(torch, "compile"):
        refused = f"--compile: found PyTorch {torch.__version__}; expected 2.0 or later"
    if refused:
        sys.exit(f"pytorch_reference.py: {refused}")


def main():
    parser = argparse.ArgumentParser(description="Times training steps of train_bench's models in PyTorch.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--warmup", type=int, default=2, help="steps before the median counts")
    parser.add_argument("--json", type=Path, help="write the result there as well")
    options = parser.parse_args()
    config = json.loads((options.folder / "config.json").read_text())
    check(config, options)
    train, device, is_cuda = config["train"], options.device, options.device == "cuda"
    torch.set_num_threads(config["threads"])
    torch.backends.cudnn.allow_tf32 = False  # fp32 means fp32, for convolutions too.

    half = options.precision == "bf16"
    model = Model(config, torch.bfloat16 if half else torch.float32)
    load_weights(model, options.folder / "model.safetensors")
    model.to(device)
    parameters = list(model.parameters())
    optimizer = make_optimizer(model, train, device)
    batches = load_batches(options.folder / "batches.safetensors", config["pictures"], device)
    forward = torch.compile(model) if options.compile else model
    synchronize = torch.cuda.synchronize if is_cuda else lambda: None

    losses, norms, seconds = [], [], []
    for step in range(1, train["steps"] + 1):
        batch = batches[(step - 1) % len(batches)]
        synchronize()
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16) if half else contextlib.nullcontext():
            loss = forward(batch)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(parameters, train["grad_clip"] or math.inf)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, train)
        optimizer.step()
        synchronize()
        seconds.append(time.perf_counter() - start)
        losses.append(loss.item())
        norms.append(norm.item())

    middle = statistics.median(seconds[options.warmup:] or seconds)
    tokens = statistics.median(int((batch.documents >= 0).sum()) for batch in batches)
    peak = torch.cuda.max_memory_allocated() if is_cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    result = {"torch": torch.__version__, "device": device, "threads": torch.get_num_threads(),
              "precision": options.precision, "compile": options.compile, "losses": losses, "grad_norms": norms,
              "seconds_per_step": middle, "tokens_per_second": tokens / middle, "peak_memory_bytes": peak}
    text = json.dumps(result)
    print(text)
    if options.json:
        options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
