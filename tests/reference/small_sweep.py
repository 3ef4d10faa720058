"""A sweep of tiny models on a few documents, small enough that every number of it can be computed again.

A decoder is trained on one document of each kind, so that it does not matter how they are mixed and packed. The pictures
have the size that the encoder reads; sub-images are quarters of them at twice that size. Decoders start from large weights, so that what they find likely
depends on all that they have read. AdamW's epsilon is large enough that gradients which are nothing but rounding move nothing.
"""
import itertools
import json
import math
import random
import struct
import zlib

SIZE = 16  # Of a picture, in pixels.
DECODER = {"layers": 2, "width": 24, "heads": 4, "kv_heads": 2, "mlp_width": 32, "vocab_size": 1040}
THINGS = ["cat", "dog", "red bus", "boat", "old clock", "tree"]
NAMES = ["dax", "wug", "blicket", "toma", "fep"]
PLACES = ["on a hill", "in the rain", "by the sea at 10:45", "under a bridge"]


def png(rng, flat):
    """RGB in 8 bits, without filters: a few flat rectangles with noise on them."""
    rows = [[[rng.randrange(256) for _ in range(3)] for _ in range(SIZE)] for _ in range(SIZE)]
    for _ in range(flat):
        top, left = rng.randrange(SIZE), rng.randrange(SIZE)
        colour = [rng.randrange(256) for _ in range(3)]
        for row in rows[top : top + 7]:
            row[left : left + 7] = [colour] * len(row[left : left + 7])
    data = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def write_decoder(path, tied_head):
    """Normal numbers of a deviation that keeps activations at one, twice that for queries and keys: clear attention."""
    width, mlp, keys = DECODER["width"], DECODER["mlp_width"], DECODER["width"] // DECODER["heads"] * DECODER["kv_heads"]
    shapes = {"model.embed_tokens": (DECODER["vocab_size"], width), "model.norm": (width,)}
    if not tied_head:
        shapes["lm_head"] = (DECODER["vocab_size"], width)
    for i in range(DECODER["layers"]):
        parts = {"input_layernorm": (width,), "self_attn.q_proj": (width, width), "self_attn.k_proj": (keys, width),
                 "self_attn.v_proj": (keys, width), "self_attn.o_proj": (width, width), "post_attention_layernorm": (width,),
                 "mlp.gate_proj": (mlp, width), "mlp.up_proj": (mlp, width), "mlp.down_proj": (width, mlp)}
        shapes.update({f"model.layers.{i}.{name}": shape for name, shape in parts.items()})
    rng, header, data = random.Random(4), {}, b""
    for name, shape in shapes.items():
        deviation = (2 if name[-6:] in ("q_proj", "k_proj") else 1) / math.sqrt(shape[-1])
        numbers = [rng.gauss(0, deviation) + (len(shape) == 1) for _ in range(math.prod(shape))]
        begin = len(data)
        data += struct.pack(f"<{len(numbers)}f", *numbers)
        header[name + ".weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_data(folder):
    rng = random.Random(3)
    folder.mkdir(parents=True)
    for i in range(24):
        (folder / f"{i}.png").write_bytes(png(rng, flat=i % 5))
    captions = [f"a {thing} {place}" for thing in THINGS for place in PLACES]
    sets = {
        "captions": [{"image": f"{i}.png", "caption": caption, "synthetic_caption": f"{caption}, drawn by a machine"}
                     for i, caption in enumerate(captions)],
        "one-caption": [{"image": "7.png", "caption": "Two boats, one of them red, lie in the harbour."}],
        "interleaved": [{"segments": [
            {"text": f"First comes the {THINGS[i]}:"}, {"image": f"{i}.png"}, {"image": f"{i + 1}.png"},
            {"text": "and then, as everyone knows,\nthe " + THINGS[i + 1]}, {"image": f"{i + 9}.png"},
        ] + [{"text": "the end."}] * (i % 2)} for i in range(5)],
        "one-interleaved": [{"segments": [
            {"image": "1.png"}, {"text": "is what we saw first; later"}, {"image": "2.png"}, {"text": "came, too."}]}],
        "text": [{"text": "Call me Ishmael. Some years ago - never mind how long precisely -\nhaving little money."},
                 {"text": "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 春 \U0001f600"},
                 {"text": "2 + 2 = 4; 1024 pieces,  and two spaces"},
                 {"text": " ".join(f"A sentence that is number {i} of many." for i in range(40))}],
        "one-text": [{"text": "The ship was to sail on the first of May, and not before, whatever was said."}],
        "questions": [{"image": f"{i}.png", "question": "What is it?" if i % 2 else "Where is it, and what?",
                       "answer": THINGS[i % 6], "choices": THINGS[: 3 + i % 4] if i % 6 < 3 else THINGS}
                      for i in range(20)],
        "one-question": [{"image": "5.png", "question": "Is it raining?", "answer": "no, it is not"}],
        "episodes": [{"support": [{"image": f"{i}.png", "text": f"This is a {names[0]}."},
                                  {"image": f"{i + 1}.png", "text": f"Look, a {names[1]}!"}],
                      "query": {"image": f"{i + 4}.png"}, "question": "This is a", "answer": names[i % 2], "choices": names}
                     for i, names in enumerate(map(list, itertools.permutations(NAMES, 2)))],
        "labelled": [{"image": f"{i}.png", "caption": THINGS[i % 6]} for i in range(24)],
    }
    for name, records in sets.items():
        lines = [json.dumps(record, ensure_ascii=i % 2 == 0) + "\n" for i, record in enumerate(records)]
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


EXPERIMENT = """
stages = ["encoder", "llm", "vlm", "sft", "eval"]
[encoder]
resolution = 16
patch = 4
width = 16
layers = 2
heads = 2
mlp_width = 40
aim_head_layers = 2
aim_head_width = 12
vae_latent_width = 3
vae_decoder_layers = 1
vae_kl_weight = 0.1
[encoder.text]
width = 12
layers = 2
heads = 3
mlp_width = 24
vocab_size = 1024
context = 12
embed_width = 8
[connector]
tokens = 4
width = 8
depth = 1
heads = 4
[llm]
init = "data/decoder.safetensors"
DECODER
rope_theta = 5000
[data]
encoder = ["data/captions.jsonl"]
captions = ["data/one-caption.jsonl"]
interleaved = ["data/one-interleaved.jsonl"]
text = ["data/one-text.jsonl"]
sft = ["data/one-question.jsonl"]
tokenizer = "TOKENIZER"
mix = [1, 1, 0]
synthetic_share = 0.4
seq_len = 160
max_images = 6
[train.encoder]
steps = 6
batch = 10
peak_lr = 1e-2
min_lr_ratio = 0.1
warmup_steps = 3
weight_decay = 0.3
epsilon = 1e-5
precision = "fp32"
[train.llm]
steps = 6
batch = 3
peak_lr = 3e-3
warmup_steps = 2
weight_decay = 0.2
z_loss = 1e-2
schedule = "linear"
epsilon = 1e-5
precision = "fp32"
[train.vlm]
steps = 6
batch = 4
peak_lr = 3e-3
warmup_steps = 0
grad_clip = 0.7
epsilon = 1e-5
precision = "fp32"
[train.sft]
steps = 4
batch = 3
peak_lr = 3e-3
schedule = "constant"
freeze = ["encoder"]
epsilon = 1e-5
precision = "fp32"
[eval]
tasks = ["heldout-loss"]
captions = ["data/captions.jsonl"]
interleaved = ["data/interleaved.jsonl"]
text = ["data/text.jsonl"]
questions = ["data/questions.jsonl"]
episodes = ["data/episodes.jsonl"]
labelled = ["data/labelled.jsonl"]
shots = [0, 2]
choices = 5
max_new_tokens = 0
caption_prompt = "A photo of"
question_prompt = "Question: {} Short answer:"
class_prompts = ["a picture of {}.", "{}"]
[run]
log_interval = 1
micro_batch = 3  # Of 4 sequences: the second part is smaller.
encoder_micro_batch = 4  # A score of an encoder does not depend on it.
"""

# Each encoder's loss with another connector.
SWEEP = """
experiment = "experiment.toml"
[[axis]]
name = "encoder"
[[axis.levels]]
label = "clip"
encoder = { loss = "clip", activation = "quick-gelu" }
connector.kind = "c-abstractor"
eval.tasks = ["heldout-loss", "caption", "vqa", "fewshot", "retrieval", "zero-shot"]
[[axis.levels]]
label = "siglip"
encoder = { loss = "siglip", activation = "gelu-tanh" }
connector.kind = "attention-pool"
train.vlm.freeze = ["encoder", "llm"]
eval.tasks = ["heldout-loss", "retrieval", "zero-shot"]
[[axis.levels]]
label = "aim"
encoder.loss = "aim"
connector.kind = "average-pool"
[[axis.levels]]
label = "vae"
encoder.loss = "vae"
connector = { kind = "mlp", tokens = 16 }
[[axis.levels]]
label = "none"
encoder.loss = "none"
connector.tokens = 20
llm = { tied_head = true, init = "data/tied.safetensors" }
eval.tasks = ["heldout-loss", "caption", "vqa", "fewshot"]
"""


# The same encoders, and the decoder alone: held-out losses are those of a recipe's last model.
ENCODERS = """
experiment = "experiment.toml"
[override]
stages = ["encoder", "eval"]
[[axis]]
name = "encoder"
levels = [
  { label = "clip", encoder = { loss = "clip", activation = "quick-gelu" } },
  { label = "siglip", encoder = { loss = "siglip", activation = "gelu-tanh" } },
  { label = "aim", encoder.loss = "aim" },
  { label = "vae", encoder.loss = "vae" },
]
"""
# What a picture and a decoder may be besides: quarters of twice the size, experts.
EXTENSIONS = """
experiment = "experiment.toml"
[override]
stages = ["encoder", "llm", "vlm", "eval"]
encoder.loss = "clip"
connector.kind = "average-pool"
data.seq_len = 320
eval.tasks = ["heldout-loss", "caption", "vqa", "fewshot"]
[[axis]]
name = "with"
levels = [
  { label = "sub-images", train.vlm.sub_images = "quadrants" },
  { label = "experts", llm.moe = { experts = 4, every = 1 }, train.vlm.peak_lr = 3e-2 },
]
"""
DECODER_ALONE = """
experiment = "experiment.toml"
[override]
stages = ["llm", "eval"]
"""


def write_sweeps(folder, tokenizer):
    """Returns their files."""
    write_data(folder / "data")
    write_decoder(folder / "data/decoder.safetensors", tied_head=False)
    write_decoder(folder / "data/tied.safetensors", tied_head=True)
    shape = "\n".join(f"{key} = {value}" for key, value in DECODER.items())
    experiment = EXPERIMENT.replace("TOKENIZER", tokenizer).replace("DECODER", shape)
    sweeps = {"sweep.toml": SWEEP, "encoders.toml": ENCODERS, "decoder.toml": DECODER_ALONE, "extensions.toml": EXTENSIONS}
    for name, text in {"experiment.toml": experiment, **sweeps}.items():
        (folder / name).write_text(text)
    return [folder / name for name in sweeps]
