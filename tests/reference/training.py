"""A training job computed again: from its initial weights, step by step."""
import itertools
import math
from pathlib import Path

import torch

import formulas
from decoder_model import Model
from initial import initial_weights
from inputs import DocumentStream, RandomStream, read_weights
from report import Skipped


def learning_rate(step, train):
    peak, warmup = train["peak_lr"], train["warmup_steps"]
    if step < warmup:
        return peak * step / warmup
    left = 1 - min((step - warmup) / max(1, train["steps"] - warmup), 1)
    if train["schedule"] == "constant":
        return peak
    share = left if train["schedule"] == "linear" else 0.5 * (1 - math.cos(math.pi * left))
    return peak * (train["min_lr_ratio"] + (1 - train["min_lr_ratio"]) * share)


def is_frozen(name, freeze):
    part = "encoder" if name.startswith("vision_tower.") else "connector" if name.startswith("multi_modal") else "llm"
    return part in freeze


def train_again(job, weights, loss_of_step, report):
    """loss_of_step(weights, step, told) -> the loss and other values by name, or the least and the most that one may be, where
    the step's logged values are `told`.
    AdamW (Loshchilov and Hutter 2019)."""
    train = job.config["train." + job.stage]
    freeze = train.get("freeze", [])
    trained = {name: w.requires_grad_() for name, w in weights.items() if not is_frozen(name, freeze) or job.stage == "encoder"}
    mean = {name: torch.zeros_like(w) for name, w in trained.items()}
    square = {name: torch.zeros_like(w) for name, w in trained.items()}
    told_steps = dict(job.metrics())
    if len(told_steps) < train["steps"]:
        raise Skipped("not every step was logged (run.log_interval = 1)")
    for step in range(1, train["steps"] + 1):
        told = told_steps[step]
        loss, values = loss_of_step(weights, step, told)
        gradients = dict(zip(trained, torch.autograd.grad(loss, list(trained.values()), allow_unused=True)))
        gradients = {name: torch.zeros_like(trained[name]) if g is None else g for name, g in gradients.items()}
        norm = math.sqrt(sum(g.square().sum().item() for g in gradients.values()))
        lr = learning_rate(step, train)
        for name, value in {"loss": loss, **values, "grad_norm": norm, "lr": lr}.items():
            # A sharp loss's gradient answers to the last bit of a weight.
            low, high = value if isinstance(value, list) else (float(value), float(value))
            report.compare(job, f"{name} at step {step}", told[name], low, high, slack=5 if name == "grad_norm" else 1)
        scale = min(1, train["grad_clip"] / (norm + 1e-6)) if train["grad_clip"] > 0 else 1
        with torch.no_grad():
            for name, w in trained.items():
                g = gradients[name] * scale
                mean[name].mul_(train["beta1"]).add_((1 - train["beta1"]) * g)
                square[name].mul_(train["beta2"]).add_((1 - train["beta2"]) * g * g)
                denominator = (square[name] / (1 - train["beta2"] ** step)).sqrt() + train["epsilon"]
                if w.dim() >= 2:
                    w.mul_(1 - lr * train["weight_decay"])
                w.sub_(lr * mean[name] / (1 - train["beta1"] ** step) / denominator)
            if job.stage == "encoder" and job.config["encoder"]["loss"] == "clip":
                weights["logit_scale"].clamp_(0, math.log(100))
    # Weights that do not matter, such as the keys' biases, wander with rounding: what is stored is held to what it does.
    stored, last = read_weights(job.attempt / "model.safetensors"), train["steps"]
    with torch.no_grad():
        report.compare(job, "loss of the stored weights", float(loss_of_step(stored, last, told_steps[last])[0]),
                       float(loss_of_step(weights, last, told_steps[last])[0]))


def encoder_loss_of(job, documents, tokenizer):
    encoder, batch = job.config["encoder"], job.config["train.encoder"]["batch"]
    share = job.config["data"].get("synthetic_share")  # Absent where the loss reads no captions.
    stream = DocumentStream(documents, job.seed, "documents/encoder")
    drawn = []

    def loss(w, step, told):
        while len(drawn) < step * batch:
            drawn.extend(stream.epoch(len(drawn) // len(documents)))
        part = drawn[(step - 1) * batch : step * batch]
        pictures = torch.stack([document.segments[0] for document, _ in part])
        if encoder["loss"] in ("aim", "vae"):
            return pixel_loss(w, encoder, pictures, (step - 1) * batch, job.seed)
        texts = [document.synthetic_caption if document.synthetic_caption and u < share else document.answer
                 for document, u in part]
        value, hits = formulas.contrastive_loss(w, encoder, formulas.embed_pictures(w, encoder, pictures),
                                                formulas.embed_texts(w, encoder, texts, tokenizer))
        return value, {"accuracy": [sum(column) / len(hits) for column in zip(*hits)]}

    return loss


def pixel_loss(w, encoder, pictures, first, seed):
    """AIM's prefixes and the VAE's noise belong to pictures by their number, of which this is the first."""
    patches = (pictures.shape[1] // encoder["patch"]) ** 2
    if encoder["loss"] == "aim":
        random = RandomStream(seed, "aim prefix")
        errors = [formulas.aim_errors(w, encoder, picture, 1 + random.below(patches - 1, first + i))
                  for i, picture in enumerate(pictures)]
        return torch.cat(errors).mean(), {}
    size = patches * encoder["vae_latent_width"]
    noise = torch.from_numpy(RandomStream(seed, "vae noise").normal(first * size, len(pictures) * size)).float().double()
    terms = [formulas.vae_terms(w, encoder, picture, part.view(patches, -1))
             for picture, part in zip(pictures, noise.view(len(pictures), size))]
    reconstruction, kl = (sum(column) / len(pictures) for column in zip(*terms))
    return reconstruction + encoder["vae_kl_weight"] * kl, {"reconstruction": reconstruction, "kl": kl}


def decoder_loss_of(job, tokenizer):
    data, train = job.config["data"], job.config["train." + job.stage]
    roles = {"llm": ["text"], "sft": ["sft"]}.get(job.stage) or [
        role for role, weight in zip(("captions", "interleaved", "text"), data["mix"]) if weight > 0]
    documents = {}
    for role in roles:
        found = job.documents("data." + role)
        if len(found) != 1 or len(roles) > 2:
            raise Skipped("it reads more than one document of a kind, or more than two kinds")
        documents[role] = found[0]

    def loss(w, step, told):
        model, values, penalties, counts = Model(job, w, tokenizer), {}, {}, {}
        for role in roles:
            entropies, logsumexp, pieces = model.cross_entropies(model.of_document(documents[role]))
            values["loss_" + role] = entropies.mean()
            penalties[role] = train["z_loss"] * logsumexp.square().mean()
            counts[role] = len(pieces)

        def mean_over(shares, told_of_roles):
            entropy = sum(share * values["loss_" + role] for role, share in shares.items())
            penalty = sum(share * penalties[role] for role, share in shares.items())
            told_apart = {"loss": entropy, "z_loss": penalty} if train["z_loss"] > 0 else {}
            return entropy + penalty, told_of_roles | told_apart

        if len(roles) == 1:
            return mean_over({roles[0]: 1}, {})
        drawn = {name: value for name, value in values.items() if name in told}
        if len(drawn) == 1:
            (name,) = drawn
            return mean_over({name[5:]: 1}, drawn)
        # How many of each were in the batch is drawn: told by what their losses add up to.
        a, b = roles
        share = (told["loss"] - told["loss_" + b]) / (told["loss_" + a] - told["loss_" + b])
        shares = [n * counts[a] / (n * counts[a] + m * counts[b]) for n, m in itertools.product(range(1, 60), repeat=2)]
        share = min(shares, key=lambda s: abs(s - share))
        return mean_over({a: share, b: 1 - share}, values)

    return loss


def recompute_training(job, report):
    stored = read_weights(job.attempt / "model.safetensors")
    shapes = {name: tuple(w.shape) for name, w in stored.items()}
    if job.config["train." + job.stage]["ema"] > 0:
        raise Skipped("it stores averaged weights")
    if any("block_sparse_moe" in name for name in shapes):
        raise Skipped("what its experts are balanced by is the whole of a packed sequence")
    weights = {}
    for stage, path in job.parents.items():
        prefix = {"encoder": "vision_tower.", "llm": "language_model.", "vlm": ""}[stage]
        parent = read_weights(path / "model.safetensors")
        weights.update({prefix + name: w for name, w in parent.items() if prefix + name in shapes})
    missing = {name: shape for name, shape in shapes.items() if name not in weights}
    weights.update(initial_weights(missing, job.config, job.seed))
    if job.config.get("llm", {}).get("init"):
        weights.update(read_weights(Path(job.sources[job.config["llm"]["init"]])))
    uses_text = job.stage != "encoder" or job.config["encoder"]["loss"] in ("clip", "siglip")
    tokenizer = job.tokenizer() if uses_text else None
    if job.stage == "encoder":
        loss = encoder_loss_of(job, job.documents("data.encoder"), tokenizer)
    else:
        loss = decoder_loss_of(job, tokenizer)
    train_again(job, weights, loss, report)
