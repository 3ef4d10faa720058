"""Expected numbers of encoder_objective_test.cpp and vision_transformer_test.cpp, by PyTorch's own modules in fp64.

Run with Debian 12's python3-torch (1.13) and python3-numpy; it prints what stands in the tests as literals:
    /usr/bin/python3 tests/model/golden/encoders.py
Weights are a function of their Hugging Face name and the element's index, as in tests/model/golden.hpp.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.stateless import functional_call

PICTURES, RESOLUTION, PATCH, WIDTH, LAYERS, HEADS, MLP = 3, 12, 4, 16, 2, 2, 24
SIDE = RESOLUTION // PATCH
TEXT = dict(width=12, layers=2, heads=3, mlp=20, vocab=11, context=6, embed=8)
AIM_WIDTH, AIM_LAYERS, AIM_PREFIX = 8, 2, [1, 4, 7]
VAE_WIDTH, VAE_LAYERS, VAE_KL_WEIGHT = 3, 1, 1e-2
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073], dtype=torch.float64)
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711], dtype=torch.float64)


def bits(name, count):
    """32 bits for each index: XXH32's finaliser over the index and FNV-1a of the name."""
    h = 2166136261
    for byte in name.encode():
        h = (h ^ byte) * 16777619 & 0xFFFFFFFF
    x = (np.arange(count, dtype=np.uint64) * 2654435761 + h) & 0xFFFFFFFF
    x ^= x >> np.uint64(15)
    x = x * np.uint64(2246822519) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(13)
    x = x * np.uint64(3266489917) & np.uint64(0xFFFFFFFF)
    return x ^ (x >> np.uint64(16))


def numbers(name, shape):
    """Uniform in [-0.25, 0.25), rounded to fp32."""
    count = int(np.prod(shape))
    return torch.from_numpy(((bits(name, count) / 2.0**32 - 0.5) * 0.5).astype(np.float32)).double().view(shape)


class Weights(dict):
    """Leaves by name, made at their first use."""

    def __call__(self, name, *shape):
        if name not in self:
            value = numbers(name, shape)
            if name == "logit_scale":
                value = torch.full(shape, 2.0, dtype=torch.float64)
            elif name == "logit_bias":
                value = torch.full(shape, -1.5, dtype=torch.float64)
            elif "norm" in name and name.endswith(".weight"):
                value = value + 1
            self[name] = value.requires_grad_(True)
        return self[name]


def pictures():
    return torch.from_numpy((bits("pixels", PICTURES * RESOLUTION**2 * 3) & np.uint64(255)).astype(np.float64)).view(
        PICTURES, RESOLUTION, RESOLUTION, 3)


def captions():
    tokens = bits("tokens", PICTURES * TEXT["context"]) % np.uint64(TEXT["vocab"])
    return torch.from_numpy(tokens.astype(np.int64)).view(PICTURES, TEXT["context"]), [2, 6, 4]


def layer_norm(w, name, x, eps):
    d = x.size(-1)
    return F.layer_norm(x, (d,), w(name + ".weight", d), w(name + ".bias", d), eps)


def tower(w, prefix, x, layers, heads, mlp, act, eps, mask=None, biases=True):
    """mask: True where it is not seen. nn.TransformerEncoderLayer is the same pre-norm block."""
    d = x.size(-1)
    for i in range(layers):
        name = f"{prefix}encoder.layers.{i}."
        layer = nn.TransformerEncoderLayer(d, heads, mlp, 0.0, act, eps, batch_first=True, norm_first=True).double()
        bias = (lambda n, k: w(name + n, k)) if biases else (lambda n, k: torch.zeros(k, dtype=torch.float64))
        state = {
            "self_attn.in_proj_weight": torch.cat([w(f"{name}self_attn.{k}_proj.weight", d, d) for k in "qkv"]),
            "self_attn.in_proj_bias": torch.cat([bias(f"self_attn.{k}_proj.bias", d) for k in "qkv"]),
            "self_attn.out_proj.weight": w(name + "self_attn.out_proj.weight", d, d),
            "self_attn.out_proj.bias": bias("self_attn.out_proj.bias", d),
            "linear1.weight": w(name + "mlp.fc1.weight", mlp, d), "linear1.bias": bias("mlp.fc1.bias", mlp),
            "linear2.weight": w(name + "mlp.fc2.weight", d, mlp), "linear2.bias": bias("mlp.fc2.bias", d),
            "norm1.weight": w(name + "layer_norm1.weight", d), "norm1.bias": w(name + "layer_norm1.bias", d),
            "norm2.weight": w(name + "layer_norm2.weight", d), "norm2.bias": w(name + "layer_norm2.bias", d),
        }
        x = functional_call(layer, state, (x,), {"src_mask": mask})
    return x


def patch_embeddings(w, bias):
    image = ((pictures() / 255 - MEAN) / STD).permute(0, 3, 1, 2)
    kernel = w("vision_model.embeddings.patch_embedding.weight", WIDTH, 3, PATCH, PATCH)
    b = w("vision_model.embeddings.patch_embedding.bias", WIDTH) if bias else None
    return F.conv2d(image, kernel, b, stride=PATCH).flatten(2).transpose(1, 2)


def vision(w, bias, eps, act):
    x = patch_embeddings(w, bias)
    x = x + w("vision_model.embeddings.position_embedding.weight", SIDE**2, WIDTH)
    x = tower(w, "vision_model.", x, LAYERS, HEADS, MLP, act, eps)
    return layer_norm(w, "vision_model.post_layernorm", x, eps)


def text(w, act, eps, causal):
    tokens, lengths = captions()
    c, d = TEXT["context"], TEXT["width"]
    x = F.embedding(tokens, w("text_model.embeddings.token_embedding.weight", TEXT["vocab"], d))
    x = x + w("text_model.embeddings.position_embedding.weight", c, d)
    mask = torch.ones(c, c).triu(1).bool() if causal else None
    x = tower(w, "text_model.", x, TEXT["layers"], TEXT["heads"], TEXT["mlp"], act, eps, mask)
    x = layer_norm(w, "text_model.final_layer_norm", x, eps)
    return torch.stack([x[b, n - 1] for b, n in enumerate(lengths)]) if causal else x[:, -1]


def quick_gelu(x):
    return x * torch.sigmoid(1.702 * x)


def tanh_gelu(x):
    return F.gelu(x, approximate="tanh")


def clip():
    w, eps = Weights(), 1e-5
    x = patch_embeddings(w, False)
    x = torch.cat([w("vision_model.embeddings.class_embedding", WIDTH).expand(PICTURES, 1, -1), x], 1)
    x = x + w("vision_model.embeddings.position_embedding.weight", SIDE**2 + 1, WIDTH)
    x = layer_norm(w, "vision_model.pre_layrnorm", x, eps)
    x = tower(w, "vision_model.", x, LAYERS, HEADS, MLP, quick_gelu, eps)
    image = layer_norm(w, "vision_model.post_layernorm", x[:, 0], eps)
    image = image @ w("visual_projection.weight", TEXT["embed"], WIDTH).T
    caption = text(w, quick_gelu, eps, True) @ w("text_projection.weight", TEXT["embed"], TEXT["width"]).T
    logits = w("logit_scale").exp() * (image / image.norm(dim=1, keepdim=True)) @ (
        caption / caption.norm(dim=1, keepdim=True)).T
    own = torch.arange(PICTURES)
    report("clip", w, (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2)
    print(f"  accuracy {(logits.argmax(1) == own).double().mean().item():.9g}")


def siglip():
    w, eps, head = Weights(), 1e-6, "vision_model.head."
    x = vision(w, True, eps, tanh_gelu)
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).double()
    state = {"in_proj_weight": w(head + "attention.in_proj_weight", 3 * WIDTH, WIDTH),
             "in_proj_bias": w(head + "attention.in_proj_bias", 3 * WIDTH),
             "out_proj.weight": w(head + "attention.out_proj.weight", WIDTH, WIDTH),
             "out_proj.bias": w(head + "attention.out_proj.bias", WIDTH)}
    probe = w(head + "probe", 1, 1, WIDTH).repeat(PICTURES, 1, 1)
    pooled = functional_call(attention, state, (probe, x, x))[0]
    y = layer_norm(w, head + "layernorm", pooled, eps)
    y = F.linear(y, w(head + "mlp.fc1.weight", MLP, WIDTH), w(head + "mlp.fc1.bias", MLP))
    y = F.linear(tanh_gelu(y), w(head + "mlp.fc2.weight", WIDTH, MLP), w(head + "mlp.fc2.bias", WIDTH))
    image = (pooled + y)[:, 0]
    caption = F.linear(text(w, tanh_gelu, eps, False), w("text_model.head.weight", WIDTH, TEXT["width"]),
                       w("text_model.head.bias", WIDTH))
    image, caption = F.normalize(image, dim=1), F.normalize(caption, dim=1)
    logits = w("logit_scale", 1).exp() * image @ caption.T + w("logit_bias", 1)
    loss = 0
    for i in range(PICTURES):
        for j in range(PICTURES):
            loss = loss - F.logsigmoid(logits[i, j] if i == j else -logits[i, j]) / PICTURES
    report("siglip", w, loss)
    print(f"  accuracy {(logits.argmax(1) == torch.arange(PICTURES)).double().mean().item():.9g}")


def sine_positions(side, width):
    """Element by element from the formula: x first, then y, each sines and then cosines."""
    quarter = width // 4
    table = torch.zeros(side * side, width, dtype=torch.float64)
    for row in range(side):
        for column in range(side):
            for k in range(quarter):
                omega = 10000 ** (-k / quarter)
                at = table[row * side + column]
                at[k], at[quarter + k] = math.sin(column * omega), math.cos(column * omega)
                at[2 * quarter + k], at[3 * quarter + k] = math.sin(row * omega), math.cos(row * omega)
    return table.float().double()


def aim():
    w, eps, n = Weights(), 1e-5, SIDE**2
    x = layer_norm(w, "vision_model.embeddings.norm", patch_embeddings(w, True), eps) + sine_positions(SIDE, WIDTH)
    hidden = torch.ones(PICTURES, n, n).bool()
    for b, prefix in enumerate(AIM_PREFIX):
        for q in range(n):
            for k in range(n):
                hidden[b, q, k] = not (k < prefix or k <= q)
    x = tower(w, "vision_model.", x, LAYERS, HEADS, MLP, F.gelu, eps, hidden.repeat_interleave(HEADS, 0), False)
    x = layer_norm(w, "vision_model.post_layernorm", x, eps)
    y = F.linear(x, w("aim_head.in_proj.weight", AIM_WIDTH, WIDTH), w("aim_head.in_proj.bias", AIM_WIDTH))
    y = y + sine_positions(SIDE, AIM_WIDTH)
    for i in range(AIM_LAYERS):
        name = f"aim_head.layers.{i}."
        h = F.gelu(layer_norm(w, name + "norm", y, eps) @ w(name + "fc1.weight", 4 * AIM_WIDTH, AIM_WIDTH).T)
        y = y + h @ w(name + "fc2.weight", AIM_WIDTH, 4 * AIM_WIDTH).T
    y = layer_norm(w, "aim_head.norm", y, eps)
    y = F.linear(y, w("aim_head.out_proj.weight", 3 * PATCH**2, AIM_WIDTH), w("aim_head.out_proj.bias", 3 * PATCH**2))
    image = (pictures() / 255 - MEAN) / STD
    total, count = 0, 0
    for b, prefix in enumerate(AIM_PREFIX):
        for target in range(prefix, n):
            row, column = target // SIDE * PATCH, target % SIDE * PATCH
            values = image[b, row:row + PATCH, column:column + PATCH].reshape(-1)
            values = (values - values.mean()) / (values.var(unbiased=True) + 1e-6).sqrt()
            total = total + ((y[b, target - 1] - values)**2).mean()
            count += 1
    report("aim", w, total / count)


def vae():
    """With a variance of next to nothing, so that the noise does not matter."""
    w, eps = Weights(), 1e-5
    x = vision(w, True, eps, F.gelu)
    weight, bias = numbers("latent_projection.weight", (2 * VAE_WIDTH, WIDTH)), numbers("latent_projection.bias",
                                                                                       (2 * VAE_WIDTH,))
    weight[VAE_WIDTH:], bias[VAE_WIDTH:] = 0, -25
    w["latent_projection.weight"], w["latent_projection.bias"] = weight.requires_grad_(), bias.requires_grad_()
    mean, log_variance = F.linear(x, weight, bias).chunk(2, -1)
    y = F.linear(mean, w("decoder.in_proj.weight", WIDTH, VAE_WIDTH), w("decoder.in_proj.bias", WIDTH))
    y = y + sine_positions(SIDE, WIDTH)
    y = tower(w, "decoder.", y, VAE_LAYERS, HEADS, MLP, F.gelu, eps)
    y = layer_norm(w, "decoder.norm", y, eps)
    y = F.linear(y, w("decoder.out_proj.weight", 3 * PATCH**2, WIDTH), w("decoder.out_proj.bias", 3 * PATCH**2))
    drawn = F.fold(y.transpose(1, 2), RESOLUTION, PATCH, stride=PATCH)
    reconstruction = F.mse_loss(drawn, ((pictures() / 255 - MEAN) / STD).permute(0, 3, 1, 2))
    own = torch.distributions.Normal(mean, (log_variance / 2).exp())
    normal = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    kl = torch.distributions.kl_divergence(own, normal).sum() / PICTURES / (3 * RESOLUTION**2)
    report("vae", w, reconstruction + VAE_KL_WEIGHT * kl)
    print(f"  reconstruction {reconstruction.item():.9g}  kl {kl.item():.9g}")


def report(name, w, loss):
    """The gradient as its length and its product with a fixed direction, over all weights together."""
    loss.backward()
    square = sum((value.grad**2).sum() for value in w.values())
    slope = sum((value.grad * numbers("slope/" + key, value.shape)).sum() for key, value in w.items())
    print(f"{name}: loss {loss.item():.9g}  gradient {square.sqrt().item():.9g}  slope {slope.item():.9g}"
          f"  weights {sum(value.numel() for value in w.values())}")


def cubic(x):
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def resize_matrix(source, target):
    """Antialiased cubic of one line: the kernel is stretched where it shrinks, and cut off at the edges."""
    scale = source / target
    stretch = max(scale, 1)
    matrix = np.zeros((target, source))
    for i in range(target):
        centre = (i + 0.5) * scale
        for j in range(max(int(centre - 2 * stretch + 0.5), 0), min(int(centre + 2 * stretch + 0.5), source)):
            matrix[i, j] = cubic((j + 0.5 - centre) / stretch)
        matrix[i] /= matrix[i].sum()
    return matrix


def resize(source, target):
    field = numbers("field", (source, source, 2))
    by_torch = F.interpolate(field.permute(2, 0, 1)[None], (target, target), mode="bicubic", antialias=True)
    by_torch = by_torch[0].permute(1, 2, 0)
    line = resize_matrix(source, target)
    by_hand = np.einsum("ij,kl,jlc->ikc", line, line, field.numpy())
    assert np.abs(by_torch.numpy() - by_hand).max() < 1e-12
    out = by_torch.reshape(-1)
    print(f"resize {source} -> {target}: {out[0].item():.9g} {out[-1].item():.9g}"
          f"  sum of squares {(out**2).sum().item():.9g}  slope {(out * numbers('slope', out.shape)).sum().item():.9g}")


clip()
siglip()
aim()
vae()
resize(16, 27)
resize(27, 16)
print("sine_positions(3, 8)[5]:", ", ".join(f"{v:.9g}" for v in sine_positions(3, 8)[5].tolist()))
