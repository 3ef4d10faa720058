"""Documents as a decoder reads them, one at a time, and what it makes of them."""
import torch

import formulas


class Sequence:
    """Pieces of one document, its pictures' places among them, and which pieces are to be predicted."""

    def __init__(self, tokenizer, image_tokens, views_of):
        self.tokenizer, self.image_tokens, self.views_of = tokenizer, image_tokens, views_of
        self.tokens, self.targets, self.pictures = [], [], []

    def add(self, segment, target):
        if isinstance(segment, str):
            ids = self.tokenizer.encode(segment)
        else:
            views = self.views_of(segment)
            self.pictures.append((len(self.tokens) + 1, views))
            places = [self.tokenizer.pad] * (self.image_tokens * len(views))
            ids = [self.tokenizer.image_start] + places + [self.tokenizer.image_end]
            target = False
        self.tokens += ids
        self.targets += [target] * len(ids)
        return self

    def end(self, target=True):
        self.tokens.append(self.tokenizer.end)
        self.targets.append(target)
        return self


class Model:
    """A decoder at given weights, with pictures where its job has them."""

    def __init__(self, job, weights, tokenizer):
        self.config, self.w, self.tokenizer = job.config, weights, tokenizer
        self.prefix = "" if job.stage == "llm" else "language_model."
        self.answers_end = job.stage == "sft"  # It was trained on conversations, where each answer ends.
        self.image_tokens = 0  # Of one view.
        self.sub_images = self.config["train." + job.stage].get("sub_images", "none")
        if job.stage != "llm":
            encoder = self.config["encoder"]
            side = encoder["resolution"] // encoder["patch"]
            self.image_tokens = (side * (side + 1) if encoder["loss"] == "none"
                                 else side * side if self.config["connector"]["kind"] == "mlp"
                                 else self.config["connector"]["tokens"])

    def sequence(self):
        views_of = lambda picture: formulas.views_of(picture, self.config["encoder"]["resolution"], self.sub_images)
        return Sequence(self.tokenizer, self.image_tokens, views_of)

    def of_document(self, document):
        sequence = self.sequence()
        for segment, target in zip(document.segments, document.targets):
            sequence.add(segment, target)
        return sequence.end()

    def cut(self, sequence):
        """In parts of data.seq_len, where it is longer: only text is."""
        length = self.config["data"]["seq_len"]
        if len(sequence.tokens) <= length:
            return [sequence]
        assert not sequence.pictures
        parts = []
        for begin in range(0, len(sequence.tokens), length):
            parts.append(self.sequence())
            parts[-1].tokens = sequence.tokens[begin : begin + length]
            parts[-1].targets = sequence.targets[begin : begin + length]
        return parts

    def logits(self, sequences):
        """Of sequences of one picture list; shorter ones are filled up after their ends."""
        longest = max(len(sequence.tokens) for sequence in sequences)
        rows = [sequence.tokens + [0] * (longest - len(sequence.tokens)) for sequence in sequences]
        x = self.w[self.prefix + "model.embed_tokens.weight"][torch.tensor(rows)]
        pictures = sequences[0].pictures
        if pictures:
            visual = formulas.visual_tokens(self.w, self.config, torch.cat([views for _, views in pictures]))
            at = torch.cat([torch.arange(start, start + self.image_tokens * len(views)) for start, views in pictures])
            x = x.index_copy(1, at, visual.flatten(0, 1).expand(len(x), -1, -1))
        return formulas.decoder_logits(self.w, self.config["llm"], x, self.prefix)

    def cross_entropies(self, sequence):
        """Of each target, with the logarithm of its softmax's denominator."""
        at = [i for i in range(1, len(sequence.tokens)) if sequence.targets[i]]
        if not at:
            return torch.zeros(0), torch.zeros(0), []
        logits = self.logits([sequence])[0, torch.tensor(at) - 1]
        pieces = [sequence.tokens[i] for i in at]
        total = logits.logsumexp(-1)
        return total - logits[torch.arange(len(at)), torch.tensor(pieces)], total, pieces
