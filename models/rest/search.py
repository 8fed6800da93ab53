# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Greedy and beam search in plain PyTorch, without any cache: what captions
are compared with. The rules are those of BLIP's captions (transformers 4.15)."""

import torch


class Finished:
    """The best captions that ended, `count` of them."""

    def __init__(self, count, penalty):
        self.count, self.penalty, self.kept = count, penalty, []

    def add(self, tokens, score):
        """score: the sum of the tokens' logarithms of probability."""
        self.kept.append((score / len(tokens) ** self.penalty, tokens))
        self.kept.sort(key=lambda pair: -pair[0])
        del self.kept[self.count :]

    def is_settled(self, best, length):
        """Whether no caption that goes on can be better."""
        if len(self.kept) < self.count:
            return False
        return self.kept[-1][0] >= best / length**self.penalty


def penalise(scores, tokens, factor):
    """Makes tokens that occurred less likely."""
    seen = torch.tensor(sorted(set(tokens)))
    old = scores[seen]
    scores[seen] = torch.where(old < 0, old * factor, old / factor)


def next_logits(net, cross, tokens):
    return net.write(cross, torch.tensor(tokens))[-1]


def forbid_end(net, scores, tokens):
    if len(tokens) < net.config.shortest:
        scores[net.config.end] = float("-inf")


@torch.no_grad()
def beam_search(net, frames, beams=3, penalty=1.0, repetition=1.0):
    """(ids with prompt and end, score) of the best caption."""
    c, cross = net.config, net.read(frames)
    finished = Finished(beams, penalty)
    alive = [(0.0, list(c.prompt))]
    while len(alive[0][1]) < c.longest:
        candidates = []
        for score, tokens in alive:
            scores = next_logits(net, cross, tokens).log_softmax(-1)
            penalise(scores, tokens, repetition)
            forbid_end(net, scores, tokens)
            values, ids = scores.topk(2 * beams)
            candidates += [
                (score + value, [*tokens, token])
                for value, token in zip(values.tolist(), ids.tolist())
            ]
        candidates.sort(key=lambda pair: -pair[0])
        length, alive = len(alive[0][1]), []
        for rank, (score, tokens) in enumerate(candidates[: 2 * beams]):
            if tokens[-1] != c.end:
                alive.append((score, tokens))
            elif rank < beams:
                finished.add(tokens[:-1], score)
            if len(alive) == beams:
                break
        if finished.is_settled(candidates[0][0], length):
            break
    else:
        for score, tokens in alive:
            finished.add(tokens, score)
    score, tokens = finished.kept[0]
    return tokens + [c.end] * (len(tokens) < c.longest), score


@torch.no_grad()
def greedy(net, frames, repetition=1.0):
    """(ids with prompt and end, sum of the logarithms of probability)."""
    c, cross = net.config, net.read(frames)
    tokens, total = list(c.prompt), 0.0
    while len(tokens) < c.longest and tokens[-1] != c.end:
        scores = next_logits(net, cross, tokens)
        likely = scores.log_softmax(-1)
        penalise(scores, tokens, repetition)
        forbid_end(net, scores, tokens)
        tokens.append(int(scores.argmax()))
        total += float(likely[tokens[-1]])
    return tokens, total
