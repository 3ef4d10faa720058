"""The weights that training starts from: for each name its distribution, drawn by seed and name."""
import math
import re

import numpy as np
import torch

from inputs import RandomStream


def tower_of(name, config):
    """Width and layers of the tower that a weight belongs to."""
    encoder = config["encoder"]
    if name.startswith("text_model."):
        return encoder["text"]["width"], encoder["text"]["layers"]
    return encoder["width"], encoder["vae_decoder_layers"] if name.startswith("decoder.") else encoder["layers"]


def normal(deviation):
    return "normal", deviation


def xavier(inputs, outputs):
    return "uniform", math.sqrt(6 / (inputs + outputs))


def distribution(name, shape, config):
    """Radford et al. 2021 and open_clip for towers, big_vision for SigLIP, MAE for AIM's and the VAE's own parts, GPT-2 for
    the decoder, timm for the C-Abstractor's blocks."""
    if name == "logit_bias":
        return "constant", -10.0
    if name == "logit_scale":
        return "constant", math.log(10 if config["encoder"]["loss"] == "siglip" else 1 / 0.07)
    if name.endswith("image_newline"):
        return normal(0.02)
    if name.endswith("class_embedding"):
        return normal(1 / math.sqrt(config["encoder"]["width"]))
    if len(shape) == 1:
        return "constant", 1.0 if name.endswith(".weight") else 0.0
    if re.match(r"(language_model\.)?(model\.|lm_head)", name):
        residual = re.search(r"\.(o|down)_proj\.", name)
        return normal(0.02 / math.sqrt(2 * config["llm"]["layers"]) if residual else 0.02)
    if ".encoder.layers." in name:
        width, layers = tower_of(name, config)
        deviation = {"q_proj": 1, "k_proj": 1, "v_proj": 1, "out_proj": (2 * layers) ** -0.5, "fc1": 0.5**0.5,
                     "fc2": (2 * layers) ** -0.5}[name.split(".")[-2]]
        return normal(deviation / math.sqrt(width))
    if name.startswith("text_model.embeddings."):
        return normal(0.02 if "token" in name else 0.01)
    if name.endswith("patch_embedding.weight"):
        inputs = math.prod(shape[1:])
        return xavier(inputs, shape[0]) if config["encoder"]["loss"] == "aim" else normal(1 / math.sqrt(inputs))
    if name.endswith("position_embedding.weight"):
        return normal(1 / math.sqrt(shape[1]))
    if re.match(r"(text_projection|visual_projection|text_model\.head)\.", name):
        return normal(1 / math.sqrt(shape[1]))
    if name.endswith("head.probe"):
        return xavier(1, shape[2])
    if name.endswith("in_proj_weight"):  # Queries, keys, values: three maps.
        return xavier(shape[1], shape[1])
    if name.endswith("abstractor.pos_emb"):
        return normal(0.02)
    if name.endswith("projector.query"):
        return normal(1.0)
    if len(shape) == 4:  # By outputs: He et al. 2015; a depthwise kernel has one for each of its numbers.
        return normal(math.sqrt(2 / (shape[2] * shape[3] * (1 if shape[2] > 1 else shape[0]))))
    return xavier(shape[1], shape[0])


def initial_weights(shapes, config, seed):
    """In fp64, rounded to fp32 as they are stored."""
    weights = {}
    for name, shape in shapes.items():
        kind, value = distribution(name, shape, config)
        count = math.prod(shape)
        if kind == "constant":
            numbers = np.full(count, value, dtype=np.float32)
        elif kind == "normal":
            numbers = RandomStream(seed, name).normal(0, count).astype(np.float32) * np.float32(value)
        else:
            numbers = ((2 * RandomStream(seed, name).uniform(0, count) - 1) * value).astype(np.float32)
        weights[name] = torch.from_numpy(numbers.astype(np.float64)).view(shape)
    return weights
