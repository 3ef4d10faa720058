"""The models and their losses in fp64, from the papers' formulas, for one picture or document at a time where that is
simplest. Weights are a dictionary by their names in Hugging Face's files; `config` is that of a job.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

NEAR = 1e-5  # Of two candidates so near to one another either may win in fp32.


def linear(w, name, x):
    return F.linear(x, w[name + ".weight"], w.get(name + ".bias"))


def layer_norm(w, name, x, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"], eps)


def activate(x, name):
    if name == "quick-gelu":
        return x * torch.sigmoid(1.702 * x)
    return F.gelu(x, approximate="tanh" if name == "gelu-tanh" else "none")


def attend(q, k, v, heads, visible=None):
    """q [.., T, D], k and v [.., S, Dk] with as many heads or fewer, which are shared. visible [T, S]."""
    split = lambda x, n: x.unflatten(-1, (n, -1)).transpose(-3, -2)
    width = q.shape[-1] // heads
    q = split(q, heads)
    k, v = (split(x, x.shape[-1] // width).repeat_interleave(heads * width // x.shape[-1], -3) for x in (k, v))
    scores = q @ k.transpose(-1, -2) / math.sqrt(width)
    if visible is not None:
        scores = scores.masked_fill(~visible, -math.inf)
    return (scores.softmax(-1) @ v).transpose(-3, -2).flatten(-2)


def see_causal(tokens):
    return torch.ones(tokens, tokens).tril().bool()


def tower(w, prefix, x, layers, heads, activation, eps, visible=None):
    for i in range(layers):
        p = f"{prefix}encoder.layers.{i}."
        y = layer_norm(w, p + "layer_norm1", x, eps)
        q, k, v = (linear(w, f"{p}self_attn.{part}_proj", y) for part in "qkv")
        x = x + linear(w, p + "self_attn.out_proj", attend(q, k, v, heads, visible))
        y = activate(linear(w, p + "mlp.fc1", layer_norm(w, p + "layer_norm2", x, eps)), activation)
        x = x + linear(w, p + "mlp.fc2", y)
    return x


def sine_positions(side, width):
    """The first half tells the column, the second the row; of each, sines before cosines."""
    quarter = width // 4
    omega = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    line = torch.arange(side, dtype=torch.float64)[:, None] * omega
    line = torch.cat([line.sin(), line.cos()], 1)
    return torch.cat([line.repeat(side, 1), line.repeat_interleave(side, 0)], 1)


def normalise(encoder, pictures):
    """[N, H, W, 3] of 0 .. 255 -> [N, 3, H, W]."""
    mean, std = (torch.tensor(encoder[key], dtype=torch.float64) for key in ("pixel_mean", "pixel_std"))
    return ((pictures / 255 - mean) / std).permute(0, 3, 1, 2)


def resize(picture, side):
    """[H, W, 3] of 0 .. 255 -> [side, side, 3], as Pillow's BICUBIC: along the rows first, in whole numbers of 22 bits."""
    for axis in (1, 0):
        size = picture.shape[axis]
        scale = size / side
        reach, rows = 2 * max(scale, 1), []
        for at in range(side):
            centre = (at + 0.5) * scale
            taps = np.arange(max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size))
            t = np.abs((taps - centre + 0.5) / max(scale, 1))
            cubic = np.where(t < 1, (1.5 * t - 2.5) * t * t + 1, np.where(t < 2, ((-0.5 * t + 2.5) * t - 4) * t + 2, 0))
            whole = np.trunc(cubic / cubic.sum() * 2**22 + np.where(cubic < 0, -0.5, 0.5)).astype(np.int64)
            part = np.take(picture.numpy().astype(np.int64), taps, axis)
            rows.append((np.tensordot(whole, part, (0, axis)) + 2**21) >> 22)
        picture = torch.from_numpy(np.stack(rows, axis).clip(0, 255).astype(np.float64))
    return picture


def views_of(picture, side, sub_images):
    """[V, side, side, 3]: the whole, and with quadrants those of the picture at twice that size, row by row."""
    whole = picture if picture.shape[0] == side else resize(picture, side)
    if sub_images == "none":
        return whole[None]
    assert sub_images == "quadrants"
    large = picture if picture.shape[0] == 2 * side else resize(picture, 2 * side)
    return torch.stack([whole] + [large[y : y + side, x : x + side] for y in (0, side) for x in (0, side)])


def patches_of(pixels, patch):
    """[N, 3, H, W] -> [N, patches, 3 * patch^2], within a patch by channel, row, column."""
    return F.unfold(pixels, patch, stride=patch).transpose(1, 2)


def epsilon(encoder):
    return 1e-6 if encoder["loss"] == "siglip" else 1e-5


def vision(w, encoder, pictures, prefix="vision_model.", visible=None):
    """All tokens after the last norm: [N, patches (+ 1), width]."""
    eps, loss = epsilon(encoder), encoder["loss"]
    kernel = w[prefix + "embeddings.patch_embedding.weight"]
    bias = w.get(prefix + "embeddings.patch_embedding.bias")
    x = F.conv2d(normalise(encoder, pictures), kernel, bias, stride=encoder["patch"]).flatten(2).transpose(1, 2)
    if loss == "aim":
        x = layer_norm(w, prefix + "embeddings.norm", x, eps)
        x = x + sine_positions(math.isqrt(x.shape[1]), x.shape[2])
    else:
        if loss == "clip":
            x = torch.cat([w[prefix + "embeddings.class_embedding"].expand(len(x), 1, -1), x], 1)
        x = x + w[prefix + "embeddings.position_embedding.weight"]
    if loss == "clip":
        x = layer_norm(w, prefix + "pre_layrnorm", x, eps)
    x = tower(w, prefix, x, encoder["layers"], encoder["heads"], encoder["activation"], eps, visible)
    return layer_norm(w, prefix + "post_layernorm", x, eps)


def embed_pictures(w, encoder, pictures):
    x = vision(w, encoder, pictures)
    if encoder["loss"] == "clip":
        return F.normalize(linear(w, "visual_projection", x[:, 0]), dim=-1)
    p = "vision_model.head."
    q, k, v = w[p + "attention.in_proj_weight"].chunk(3)
    bq, bk, bv = w[p + "attention.in_proj_bias"].chunk(3)
    probe = F.linear(w[p + "probe"], q, bq).expand(len(x), 1, -1)
    pooled = linear(w, p + "attention.out_proj", attend(probe, F.linear(x, k, bk), F.linear(x, v, bv), encoder["heads"]))
    y = activate(linear(w, p + "mlp.fc1", layer_norm(w, p + "layernorm", pooled, epsilon(encoder))), encoder["activation"])
    return F.normalize((pooled + linear(w, p + "mlp.fc2", y))[:, 0], dim=-1)


def embed_texts(w, encoder, texts, tokenizer):
    text, eps, clip = encoder["text"], epsilon(encoder), encoder["loss"] == "clip"
    rows, last = [], []
    for string in texts:
        ids = tokenizer.encode(string)[: text["context"] - 1] + [tokenizer.end]
        last.append(len(ids) - 1 if clip else text["context"] - 1)
        rows.append(ids + [tokenizer.pad] * (text["context"] - len(ids)))
    x = w["text_model.embeddings.token_embedding.weight"][torch.tensor(rows)]
    x = x + w["text_model.embeddings.position_embedding.weight"]
    x = tower(w, "text_model.", x, text["layers"], text["heads"], encoder["activation"], eps,
              see_causal(text["context"]) if clip else None)
    x = layer_norm(w, "text_model.final_layer_norm", x[torch.arange(len(x)), torch.tensor(last)], eps)
    return F.normalize(linear(w, "text_projection" if clip else "text_model.head", x), dim=-1)


def hits_at(table, k):
    """Rows of products, the right one on the diagonal: whether it is among the first k, (surely, possibly)."""
    own = table.diagonal()[:, None]
    others = ~torch.eye(len(table), dtype=torch.bool)
    most, least = ((table > own - NEAR) & others).sum(1), ((table > own + NEAR) & others).sum(1)
    return [(float(m < k), float(l < k)) for m, l in zip(most, least)]


def contrastive_loss(w, encoder, pictures, texts):
    """Of two sets of unit vectors that belong together row by row; and whether each picture finds its text, (surely,
    possibly)."""
    logits = w["logit_scale"].exp() * pictures @ texts.T
    own, hits = torch.arange(len(logits)), hits_at(logits, 1)
    if encoder["loss"] == "clip":
        return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2, hits
    sign = 2 * torch.eye(len(logits), dtype=torch.float64) - 1
    return -F.logsigmoid(sign * (logits + w["logit_bias"])).sum() / len(logits), hits


def aim_errors(w, encoder, picture, prefix):
    """The squared errors of the patches after the prefix of one picture, each a mean over its values."""
    patch = encoder["patch"]
    n = (picture.shape[0] // patch) ** 2
    visible = see_causal(n) | (torch.arange(n) < prefix)
    x = vision(w, encoder, picture[None], visible=visible)[0]
    y = linear(w, "aim_head.in_proj", x)
    y = y + sine_positions(math.isqrt(n), y.shape[-1])
    for i in range(encoder["aim_head_layers"]):
        p = f"aim_head.layers.{i}."
        y = y + linear(w, p + "fc2", activate(linear(w, p + "fc1", layer_norm(w, p + "norm", y)), encoder["activation"]))
    y = linear(w, "aim_head.out_proj", layer_norm(w, "aim_head.norm", y))
    target = patches_of(normalise(encoder, picture[None]), patch)[0]
    target = target.view(n, 3, -1).transpose(1, 2).flatten(1)  # By row, column, channel.
    target = (target - target.mean(1, keepdim=True)) / (target.var(1, unbiased=True, keepdim=True) + 1e-6).sqrt()
    return ((y[:-1] - target[1:]) ** 2).mean(1)[prefix - 1 :]


def vae_terms(w, encoder, picture, noise):
    """Reconstruction and divergence of one picture, both by number of the picture; noise [patches, latent width]."""
    mean, log_variance = linear(w, "latent_projection", vision(w, encoder, picture[None])[0]).chunk(2, -1)
    y = linear(w, "decoder.in_proj", mean + (log_variance / 2).exp() * noise)
    y = y + sine_positions(math.isqrt(len(y)), y.shape[-1])
    y = tower(w, "decoder.", y, encoder["vae_decoder_layers"], encoder["heads"], encoder["activation"], 1e-5)
    y = linear(w, "decoder.out_proj", layer_norm(w, "decoder.norm", y))
    target = patches_of(normalise(encoder, picture[None]), encoder["patch"])[0]
    kl = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum() / target.numel()
    return F.mse_loss(y, target), kl


def c_abstractor(w, prefix, x, depth, out_side):
    norm = lambda name, y: layer_norm(w, name, y.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def block(y, p):
        z = F.silu(norm(p + "conv1.bn", F.conv2d(y, w[p + "conv1.conv.weight"])))
        z = F.silu(norm(p + "conv2.bn", F.conv2d(z, w[p + "conv2.conv.weight"], padding=1, groups=z.shape[1])))
        s = F.silu(F.conv2d(z.mean((2, 3), keepdim=True), w[p + "se.fc1.weight"], w[p + "se.fc1.bias"]))
        z = z * torch.sigmoid(F.conv2d(s, w[p + "se.fc2.weight"], w[p + "se.fc2.bias"]))
        z = norm(p + "conv3.bn", F.conv2d(z, w[p + "conv3.conv.weight"]))
        if p + "downsample.conv.weight" in w:
            y = norm(p + "downsample.bn", F.conv2d(y, w[p + "downsample.conv.weight"]))
        return F.silu(y + z)

    side = math.isqrt(x.shape[1])
    x = (x + w[prefix + "pos_emb"]).transpose(1, 2).unflatten(2, (side, side))
    for i in range(depth):
        x = block(x, f"{prefix}net.0.b{i + 1}.")
    x = F.adaptive_avg_pool2d(x, out_side)
    for i in range(depth):
        x = block(x, f"{prefix}net.2.b{i + 1}.")
    return linear(w, prefix + "readout.2", F.silu(linear(w, prefix + "readout.0", x.flatten(2).transpose(1, 2))))


def visual_tokens(w, config, pictures):
    """[N, H, W, 3] -> [N, tokens, llm width]."""
    encoder, p = config["encoder"], "multi_modal_projector."
    if encoder["loss"] == "none":
        x = linear(w, p + "vision_embed_tokens", patches_of(normalise(encoder, pictures), encoder["patch"]))
        side = math.isqrt(x.shape[1])
        rows = x.unflatten(1, (side, side))
        ends = w[p + "image_newline"].expand(len(x), side, 1, -1)
        return torch.cat([rows, ends], 2).flatten(1, 2)
    connector = config["connector"]
    x = vision(w, encoder, pictures, "vision_tower.vision_model.")
    x = x[:, 1:] if encoder["loss"] == "clip" else x
    side, kind = math.isqrt(x.shape[1]), connector["kind"]
    if kind == "mlp":
        return linear(w, p + "linear_2", F.gelu(linear(w, p + "linear_1", x)))
    if kind == "c-abstractor":
        return c_abstractor(w, p + "abstractor.", x, connector["depth"], math.isqrt(connector["tokens"]))
    if kind == "average-pool":
        grid = x.transpose(1, 2).unflatten(2, (side, side))
        pooled = F.adaptive_avg_pool2d(grid, math.isqrt(connector["tokens"]))
        return linear(w, p + "projection", pooled.flatten(2).transpose(1, 2))
    queries = linear(w, p + "attn.q_proj", layer_norm(w, p + "ln_q", w[p + "query"])).expand(len(x), -1, -1)
    keys = layer_norm(w, p + "ln_k", x)
    pooled = attend(queries, linear(w, p + "attn.k_proj", keys), linear(w, p + "attn.v_proj", keys), connector["heads"])
    return linear(w, p + "projection", layer_norm(w, p + "ln_out", linear(w, p + "attn.out_proj", pooled)))


def rms_norm(x, weight, eps):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def rotate(x, heads_width, theta):
    """Rotary positions 0, 1, ...; within a head, component i turns with i + width / 2. x [.., T, heads * width]."""
    half = heads_width // 2
    angles = torch.arange(x.shape[-2], dtype=torch.float64)[:, None] * theta ** (
        -torch.arange(half, dtype=torch.float64) / half)
    cos, sin = angles.cos()[:, None], angles.sin()[:, None]
    a, b = x.unflatten(-1, (-1, heads_width)).split(half, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)


def experts(w, moe, prefix, x):
    """Each token's best experts, weighted by the router's softmax over all of them, these weights adding up to one."""
    best, chosen = F.softmax(linear(w, prefix + "gate", x), -1).topk(moe["top_k"], -1)
    weights = torch.zeros(*x.shape[:-1], moe["experts"]).to(x).scatter(-1, chosen, best / best.sum(-1, keepdim=True))
    y = torch.zeros_like(x)
    for e in range(moe["experts"]):
        p = f"{prefix}experts.{e}."
        y = y + weights[..., e, None] * linear(w, p + "w2", F.silu(linear(w, p + "w1", x)) * linear(w, p + "w3", x))
    return y


def decoder_logits(w, llm, embedded, prefix):
    """[.., T, width] -> [.., T, pieces]; each position sees those before it and itself."""
    x, eps, width = embedded, llm["norm_epsilon"], llm["width"] // llm["heads"]
    for i in range(llm["layers"]):
        p = f"{prefix}model.layers.{i}."
        y = rms_norm(x, w[p + "input_layernorm.weight"], eps)
        q, k = (rotate(linear(w, f"{p}self_attn.{part}_proj", y), width, llm["rope_theta"]) for part in "qk")
        mixed = attend(q, k, linear(w, p + "self_attn.v_proj", y), llm["heads"], see_causal(x.shape[-2]))
        x = x + linear(w, p + "self_attn.o_proj", mixed)
        y = rms_norm(x, w[p + "post_attention_layernorm.weight"], eps)
        x = x + (experts(w, llm["moe"], p + "block_sparse_moe.", y) if p + "block_sparse_moe.gate.weight" in w else
                 linear(w, p + "mlp.down_proj", F.silu(linear(w, p + "mlp.gate_proj", y)) * linear(w, p + "mlp.up_proj", y)))
    head = w[prefix + ("model.embed_tokens.weight" if llm["tied_head"] else "lm_head.weight")]
    return F.linear(rms_norm(x, w[prefix + "model.norm.weight"], eps), head)
