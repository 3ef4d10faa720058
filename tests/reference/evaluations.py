"""The scores of an evaluation computed again, at the stored weights."""
import math

import torch

import formulas
from decoder_model import Model
from formulas import NEAR, hits_at
from inputs import Job, RandomStream, read_weights
from report import Skipped
from training import pixel_loss

def ratio(pairs):
    """Sum over sum, and its standard error (Cochran 1977, section 2.11)."""
    total = sum(denominator for _, denominator in pairs)
    value, n = sum(numerator for numerator, _ in pairs) / total, len(pairs)
    return value, math.sqrt(sum((a - value * b) ** 2 for a, b in pairs) * n / (n - 1)) / total


def check_ratio(job, name, pairs, report):
    told = job.scores()[name]
    value, standard_error = ratio(pairs)
    report.compare(job, name, told["value"], value)
    report.compare(job, name + " stderr", told["stderr"], standard_error)
    report.compare(job, name + " n", told["n"], len(pairs))


def check_hits(job, name, hits, report):
    """hits: for each example the least and the most that it may count."""
    told = job.scores()[name]
    report.undecided += sum(high > low for low, high in hits)
    report.compare(job, name, told["value"], *(sum(column) / len(hits) for column in zip(*hits)))
    report.compare(job, name + " n", told["n"], len(hits))


def hit_of(values, right):
    """Whether the right one is greatest: (surely, possibly)."""
    others = [value for i, value in enumerate(values) if i != right]
    return float(values[right] > max(others) + NEAR), float(values[right] >= max(others) - NEAR)


def check_language_losses(job, model, report):
    for role in ("captions", "interleaved", "text"):
        if not job.config["eval"].get(role) or (role != "text" and model.image_tokens == 0):
            continue
        nats, bits = [], []
        for document in job.held_out(role):
            parts = [model.cross_entropies(part) for part in model.cut(model.of_document(document))]
            total = sum(float(entropies.sum()) for entropies, _, _ in parts)
            pieces = [piece for part in parts for piece in part[2]]
            nats.append((total, len(pieces)))
            bits.append((total / math.log(2), sum(model.tokenizer.bytes_of(piece) for piece in pieces)))
        check_ratio(job, f"heldout-loss/{role}", nats, report)
        if role == "text":
            check_ratio(job, "bits-per-byte/text", bits, report)


class Shown(str):
    """The answer of an example."""


def likelihoods(model, prompt, candidates):
    """Of each candidate after a prompt, its end included: (logarithm, pieces)."""
    rows = []
    for candidate in candidates:
        row = model.sequence()
        for segment in prompt:
            row.add(segment, False)
            if model.answers_end and isinstance(segment, Shown):
                row.end(False)
        rows.append(row.add(candidate, True).end())
    chances = model.logits(rows).log_softmax(-1)
    found = []
    for row, chance in zip(rows, chances):
        at = torch.tensor([i for i, target in enumerate(row.targets) if target])
        found.append((float(chance[at - 1, torch.tensor(row.tokens)[at]].sum()), len(at)))
    return found


def draw_shots(random, question, count, bound):
    """Different ones, none of them the question."""
    drawn, lane = [], 0
    while len(drawn) < count:
        other = random.below(bound, question, lane)
        if other != question and other not in drawn:
            drawn.append(other)
        lane += 1
    return drawn


def check_captions(job, model, report):
    documents, settings = job.held_out("captions"), job.config["eval"]
    shown, wrong = RandomStream(0, "evaluation/caption/shots"), RandomStream(0, "evaluation/caption/candidates")
    asked = lambda document: [document.segments[0]] + [settings["caption_prompt"]] * bool(settings["caption_prompt"])
    for shots in settings["shots"]:
        hits = []
        for i, document in enumerate(documents):
            prompt, candidates, lane = [], [document.answer], 0
            for other in draw_shots(shown, i, shots, len(documents)):
                prompt += asked(documents[other]) + [Shown(documents[other].answer)]
            while len(candidates) < settings["choices"]:
                other = documents[wrong.below(len(documents), i, lane)].answer
                candidates += [other] * (other not in candidates)
                lane += 1
            values = [total / pieces for total, pieces in likelihoods(model, prompt + asked(document), candidates)]
            hits.append(hit_of(values, 0))
        check_hits(job, f"caption/{shots}-shot", hits, report)


def check_questions(job, model, report):
    documents, settings = job.held_out("questions"), job.config["eval"]
    shown = RandomStream(0, "evaluation/questions/shots")
    asked = lambda document: [document.segments[0], settings["question_prompt"].replace("{}", document.segments[1])]
    for shots in settings["shots"]:
        hits = []
        for i, document in enumerate(documents):
            prompt = []
            for other in draw_shots(shown, i, shots, len(documents)):
                prompt += asked(documents[other]) + [Shown(documents[other].answer)]
            values = [total for total, _ in likelihoods(model, prompt + asked(document), document.choices)]
            hits.append(hit_of(values, document.choices.index(document.answer)))
        check_hits(job, f"vqa/{shots}-shot", hits, report)


def check_episodes(job, model, report):
    documents, order = job.held_out("episodes"), RandomStream(0, "evaluation/episodes/order")
    for shots in job.config["eval"]["shots"]:
        hits = []
        for i, document in enumerate(documents):
            of_each, shown = shots // len(document.choices), []
            for name in document.choices:
                shown += [example for example in document.support if name in example[1]][:of_each]
            for left in range(len(shown), 1, -1):
                other = order.below(left, i, left)
                shown[left - 1], shown[other] = shown[other], shown[left - 1]
            prompt = [part for picture, text in shown for part in (picture, Shown(text))] + document.segments[:2]
            values = [total for total, _ in likelihoods(model, prompt, document.choices)]
            hits.append(hit_of(values, document.choices.index(document.answer)))
        check_hits(job, f"fewshot/{shots}-shot", hits, report)


def check_encoder_losses(job, model, report):
    encoder, w, documents = model.config["encoder"], model.w, job.held_out("captions")
    if encoder["loss"] in ("clip", "siglip"):
        pictures, texts = contrastive_vectors(job, model, documents)
        loss, hits = formulas.contrastive_loss(w, encoder, pictures, texts)
        check_hits(job, "heldout-loss/accuracy", hits, report)
        values = {"pictures": loss}
    else:
        loss, values = pixel_loss(w, encoder, torch.stack([document.segments[0] for document in documents]), 0, seed=0)
        values = {"pictures": loss, **values}
    values = {"heldout-loss/" + name: value for name, value in values.items()}
    if encoder["loss"] in ("clip", "siglip"):
        values["heldout-loss-chance/accuracy"] = 1 / len(documents)  # All of one block.
    if encoder["loss"] == "clip":
        values["heldout-loss-chance/pictures"] = math.log(len(documents))
    for name, value in values.items():
        report.compare(job, name, job.scores()[name]["value"], float(value))


def contrastive_vectors(job, model, documents):
    encoder = model.config["encoder"]
    return (formulas.embed_pictures(model.w, encoder, torch.stack([document.segments[0] for document in documents])),
            formulas.embed_texts(model.w, encoder, [document.answer for document in documents], job.tokenizer()))


def check_retrieval(job, model, report):
    pictures, texts = contrastive_vectors(job, model, job.held_out("captions"))
    for k in (1, 5):
        check_hits(job, f"retrieval/image-to-text-r{k}", hits_at(pictures @ texts.T, k), report)
        check_hits(job, f"retrieval/text-to-image-r{k}", hits_at(texts @ pictures.T, k), report)


def check_zero_shot(job, model, report):
    documents = job.held_out("labelled")
    classes = sorted({document.answer for document in documents})
    pictures, _ = contrastive_vectors(job, model, documents)
    means = []
    for name in classes:
        prompts = [prompt.replace("{}", name) for prompt in job.config["eval"]["class_prompts"]]
        mean = formulas.embed_texts(model.w, model.config["encoder"], prompts, job.tokenizer()).mean(0)
        means.append(mean / mean.norm())
    products = pictures @ torch.stack(means).T
    for k in (1, 5):
        hits = []
        for row, document in zip(products, documents):
            right = classes.index(document.answer)
            others = torch.cat([row[:right], row[right + 1 :]])
            hits.append((float((others > row[right] - NEAR).sum() < k), float((others > row[right] + NEAR).sum() < k)))
        check_hits(job, f"zero-shot/top{k}", hits, report)


CHECKS = {"caption": check_captions, "vqa": check_questions, "fewshot": check_episodes, "retrieval": check_retrieval,
          "zero-shot": check_zero_shot}


def recompute_evaluation(job, report):
    (folder,) = job.parents.values()
    parent = Job(folder.parent)
    weights = read_weights(folder / "model.safetensors")
    check = CHECKS.get(job.task)
    if job.task == "heldout-loss":
        check = check_encoder_losses if parent.stage == "encoder" else check_language_losses
    if check is None:
        raise Skipped("evaluation " + job.task + " is not known here")
    uses_text = parent.stage != "encoder" or parent.config["encoder"]["loss"] in ("clip", "siglip")
    model = Model(parent, weights, job.tokenizer() if uses_text else None) if parent.stage != "encoder" else parent
    model.w = weights
    with torch.no_grad():
        check(job, model, report)
