#include "config/sweep_keys.hpp"

namespace ablate {

namespace {

constexpr SweepKey kKeys[] = {
    {"", "experiment", "a path",
     "The experiment file that every cell starts from, relative to the sweep file (a link to it is followed "
     "first)."},
    {"", "name", "a text",
     "Name of the sweep in the database and in reports; default: the file's name without .toml. Two files "
     "need two."},
    {"", "description", "a text", "What the sweep asks, for people."},
    {"", "seeds", "an integer or a list of integers",
     "3 means seeds 0, 1 and 2; every cell runs once with each."},
    {"", "override", "a table", "Keys of the experiment with other values, for all cells."},
    {"", "design", "one of: grid, one-at-a-time, zip, sample",
     "How the [[axis]] tables make cells: every combination (default); the experiment as it is and each "
     "level alone; "
     "first levels together, second levels together, ...; points spread over ranges."},
    {"", "samples", "an integer from 1 to 1000000",
     "Points of a sample design; those that repeat are one cell."},
    {"", "sampler", "one of: sobol, random", "How a sample design spreads its points; default: sobol."},
    {"", "sample_seed", "an integer of at least 0", "Which points a sample design draws; default: 0."},
    {"", "combine", "one of: product, union",
     "How several [[block]] tables make the sweep: each cell of one with each of the next (default), or the "
     "cells of all."},
    {"", "axis", "tables [[axis]]", "What varies; see the keys of axis."},
    {"", "block", "tables [[block]]",
     "Axes with a design of their own, instead of design and [[axis]] at the top."},
    {"", "exclude", "tables [[exclude]]", "Rules that take cells out."},
    {"", "include", "tables [[include]]", "Single extra cells."},
    {"", "claim", "tables [[claim]]",
     "What the sweep is said to show, recorded with the time: write it before it runs."},

    {"axis", "key", "a key of the experiment", "The key that varies."},
    {"axis", "name", "a text",
     "Name of the axis in tables; default: its key. Needed for an axis without a key."},
    {"axis", "levels", "a list of values or tables",
     "The values of the key; or tables { label = \"...\", value = ... } or { label = \"...\", KEY = VALUE, "
     "... } that set "
     "several keys at once. A text that begins with '=' is computed: \"=(encoder.resolution / encoder.patch "
     "/ 2)^2\"."},
    {"axis", "when", "a condition",
     "The axis applies only to cells where it holds: 'connector.kind != \"mlp\"'."},
    {"axis", "range", "a list of 2 numbers", "Lowest and highest value, in a sample design."},
    {"axis", "scale", "one of: linear, log", "How points are spread over the range; log for learning rates."},

    {"level", "label", "a text", "What tables call the level; default: its value."},
    {"level", "value", "a value", "The value of the axis's key."},

    {"block", "name", "a text", "For people."},
    {"block", "design", "one of: grid, one-at-a-time, zip, sample", "As at the top."},
    {"block", "samples", "an integer from 1 to 1000000", "As at the top."},
    {"block", "sampler", "one of: sobol, random", "As at the top."},
    {"block", "sample_seed", "an integer of at least 0", "As at the top."},
    {"block", "axis", "tables [[block.axis]]", "The axes of the block."},

    {"exclude", "name", "a text",
     "Why; the plan counts the cells that each rule removes. Default: its condition."},
    {"exclude", "when", "a condition", "Cells where it holds are taken out."},

    {"include", "label", "a text", "Name of the extra cell."},

    {"claim", "name", "a text", "What is claimed, for people; default: a sentence made of the other keys."},
    {"claim", "source", "a text", "Where the claim is from, such as the section or figure of a paper."},
    {"claim", "score", "a text", "The score that the claim is about: \"vqa/4-shot\", \"vlm/loss\"."},
    {"claim", "better", "a level", "This level is better than the one of 'than', both of 'axis'."},
    {"claim", "than", "a level", "With 'better': what is worse."},
    {"claim", "axis", "the name of an axis", "With 'better': the axis of both levels."},
    {"claim", "margin", "a number",
     "In units of the score. With 'better': by more than this; default: 0. With 'no_difference': the largest "
     "difference that counts as none."},
    {"claim", "no_difference", "the name of an axis", "No two of its levels differ by more than 'margin'."},
    {"claim", "outweighs", "a list of 2 axes", "The first explains more of the score than the second."},
    {"claim", "rises", "the name of an axis", "The score rises at every step along its levels."},
    {"claim", "falls", "the name of an axis", "The score falls at every step along its levels."},
    {"claim", "interaction", "a list of 2 axes", "What one does depends on the level of the other."},
    {"claim", "where", "a table of levels by axis",
     "Only cells with these levels count: { connector.kind = \"mlp\" }."},
};

}  // namespace

std::span<const SweepKey> sweep_keys() { return kKeys; }

std::vector<std::string> sweep_keys_of(const std::string& table) {
  std::vector<std::string> keys;
  for (const SweepKey& key : kKeys)
    if (key.table == table) keys.emplace_back(key.key);
  return keys;
}

}  // namespace ablate
