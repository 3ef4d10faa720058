"""Expected numbers of decoder_test.cpp and connector_test.cpp, by PyTorch's own functions in fp64.

Run with Debian 12's python3-torch (1.13) and python3-numpy; it prints what stands in the tests as literals:
    /usr/bin/python3 tests/model/golden/decoder.py
Weights are a function of their name and the element's index, as in tests/model/golden.hpp.
"""
import torch
import torch.nn.functional as F

from encoders import Weights, bits, numbers

LAYERS, WIDTH, HEADS, KV_HEADS, MLP, VOCAB, TOKENS = 2, 16, 4, 2, 24, 13, 7


def rms_norm(x, weight):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * weight


def turn(x):
    """Rotary embedding by complex numbers: component i is the real part, i + C / 2 the imaginary one. [T, H, C]"""
    half = x.shape[-1] // 2
    frequencies = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(x.shape[0], dtype=torch.float64)[:, None, None] * frequencies
    turned = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([turned.real, turned.imag], -1)


def decoder():
    w = Weights()
    tokens = torch.from_numpy((bits("tokens", TOKENS) % 13).astype("int64"))
    x = F.embedding(tokens, w("model.embed_tokens.weight", VOCAB, WIDTH))
    head = WIDTH // HEADS
    for i in range(LAYERS):
        p = f"model.layers.{i}."
        y = rms_norm(x, w(p + "input_layernorm.weight", WIDTH))
        q = turn((y @ w(p + "self_attn.q_proj.weight", WIDTH, WIDTH).T).view(TOKENS, HEADS, head))
        k = turn((y @ w(p + "self_attn.k_proj.weight", KV_HEADS * head, WIDTH).T).view(TOKENS, KV_HEADS, head))
        v = (y @ w(p + "self_attn.v_proj.weight", KV_HEADS * head, WIDTH).T).view(TOKENS, KV_HEADS, head)
        mixed = []
        for h in range(HEADS):
            g = h // (HEADS // KV_HEADS)
            scores = q[:, h] @ k[:, g].T / head**0.5
            scores = scores.masked_fill(torch.ones(TOKENS, TOKENS).triu(1).bool(), float("-inf"))
            mixed.append(scores.softmax(-1) @ v[:, g])
        x = x + torch.cat(mixed, -1) @ w(p + "self_attn.o_proj.weight", WIDTH, WIDTH).T
        y = rms_norm(x, w(p + "post_attention_layernorm.weight", WIDTH))
        gate = F.silu(y @ w(p + "mlp.gate_proj.weight", MLP, WIDTH).T)
        x = x + (gate * (y @ w(p + "mlp.up_proj.weight", MLP, WIDTH).T)) @ w(p + "mlp.down_proj.weight", WIDTH, MLP).T
    logits = rms_norm(x, w("model.norm.weight", WIDTH)) @ w("lm_head.weight", VOCAB, WIDTH).T
    loss = F.cross_entropy(logits[:-1], tokens[1:])
    loss.backward()
    print("decoder: last logits", logits[-1, :4].tolist(), "loss", loss.item())
    for name in ["model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.up_proj.weight"]:
        print("  gradient norm of", name, w[name].grad.norm().item())


N, PATCHES, V, D, K = 2, 16, 12, 10, 4
PREFIX = "multi_modal_projector."


def report(name, tokens):
    print(f"{name}: shape {list(tokens.shape)} first {tokens[1, 1, :3].tolist()} square {tokens.square().sum().item()}")


def connectors():
    features = numbers("features", [N, PATCHES, V])
    grid = features.transpose(1, 2).reshape(N, V, 4, 4)

    for k in [4, 9]:
        w = Weights()
        pooled = F.adaptive_avg_pool2d(grid, int(k**0.5)).flatten(2).transpose(1, 2)
        report(f"average-pool {k}", F.linear(pooled, w(PREFIX + "projection.weight", D, V), w(PREFIX + "projection.bias", D)))

    w = Weights()
    hidden = F.gelu(F.linear(features, w(PREFIX + "linear_1.weight", D, V), w(PREFIX + "linear_1.bias", D)))
    report("mlp", F.linear(hidden, w(PREFIX + "linear_2.weight", D, D), w(PREFIX + "linear_2.bias", D)))

    w = Weights()
    norm = lambda x, name: F.layer_norm(x, [V], w(PREFIX + name + ".weight", V), w(PREFIX + name + ".bias", V), 1e-5)
    attention = torch.nn.MultiheadAttention(V, 3, batch_first=True).double()
    with torch.no_grad():
        for i, part in enumerate("qkv"):
            attention.in_proj_weight[i * V : (i + 1) * V] = w(PREFIX + f"attn.{part}_proj.weight", V, V)
            attention.in_proj_bias[i * V : (i + 1) * V] = w(PREFIX + f"attn.{part}_proj.bias", V)
        attention.out_proj.weight.copy_(w(PREFIX + "attn.out_proj.weight", V, V))
        attention.out_proj.bias.copy_(w(PREFIX + "attn.out_proj.bias", V))
    keys = norm(features, "ln_k")
    queries = norm(w(PREFIX + "query", K, V), "ln_q").expand(N, K, V)
    pooled = norm(attention(queries, keys, keys)[0], "ln_out")
    report("attention-pool", F.linear(pooled, w(PREFIX + "projection.weight", D, V), w(PREFIX + "projection.bias", D)))

    for depth, k in [(2, 4), (1, 9), (0, 4)]:
        w = Weights()
        width = 8
        a = PREFIX + "abstractor."

        def norm2d(x, name):
            channels = x.shape[1]
            y = F.layer_norm(x.permute(0, 2, 3, 1), [channels], w(name + ".weight", channels), w(name + ".bias", channels), 1e-5)
            return y.permute(0, 3, 1, 2)

        def block(x, p):
            channels = x.shape[1]
            y = F.silu(norm2d(F.conv2d(x, w(p + "conv1.conv.weight", width, channels, 1, 1)), p + "conv1.bn"))
            y = F.silu(norm2d(F.conv2d(y, w(p + "conv2.conv.weight", width, 1, 3, 3), padding=1, groups=width), p + "conv2.bn"))
            squeezed = round(0.25 * channels)
            s = F.silu(F.conv2d(y.mean((2, 3), keepdim=True), w(p + "se.fc1.weight", squeezed, width, 1, 1), w(p + "se.fc1.bias", squeezed)))
            y = y * torch.sigmoid(F.conv2d(s, w(p + "se.fc2.weight", width, squeezed, 1, 1), w(p + "se.fc2.bias", width)))
            y = norm2d(F.conv2d(y, w(p + "conv3.conv.weight", width, width, 1, 1)), p + "conv3.bn")
            if channels != width:
                x = norm2d(F.conv2d(x, w(p + "downsample.conv.weight", width, channels, 1, 1)), p + "downsample.bn")
            return F.silu(y + x)

        x = (features + w(a + "pos_emb", 1, PATCHES, V)).transpose(1, 2).reshape(N, V, 4, 4)
        for i in range(depth):
            x = block(x, f"{a}net.0.b{i + 1}.")
        x = F.adaptive_avg_pool2d(x, int(k**0.5))
        for i in range(depth):
            x = block(x, f"{a}net.2.b{i + 1}.")
        x = x.flatten(2).transpose(1, 2)
        hidden = F.silu(F.linear(x, w(a + "readout.0.weight", D, x.shape[-1]), w(a + "readout.0.bias", D)))
        report(f"c-abstractor depth {depth} tokens {k}", F.linear(hidden, w(a + "readout.2.weight", D, D), w(a + "readout.2.bias", D)))


if __name__ == "__main__":
    torch.set_printoptions(precision=10)
    decoder()
    connectors()
