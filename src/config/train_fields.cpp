// [train.STAGE]: the same keys for every stage that trains.
#include <fmt/format.h>

#include "config/field_rows.hpp"

namespace ablate {

namespace {

/// The key of a stage's table that is spelt as the member of Train is.
#define TRAIN_KEY(name)                                                              \
  KeyRow(fmt::format("train.{}." #name, to_name(S)), [](Experiment& e) -> FieldRef { \
    return field_ref(train_of(e, S).name);                                           \
  }).changes(S)

/// What is smaller counts as 0 in fp32, in which weights are kept: gradients of 0 then make weights nan.
constexpr double kLeastEpsilon = 1e-37;

template <Stage S>
bool anneals(const Experiment& e, Stage) {
  return train_of(e, S).schedule != LrSchedule::constant;
}

template <Stage S>
bool stops_early(const Experiment& e, Stage) {
  return train_of(e, S).last_step() != train_of(e, S).steps;
}

template <Stage S>
bool has_adafactor(const Experiment& e, Stage) {
  return train_of(e, S).optimizer == OptimizerKind::adafactor;
}
template <Stage S>
bool has_adamw(const Experiment& e, Stage) {
  return train_of(e, S).optimizer == OptimizerKind::adamw;
}

template <Stage S>
std::vector<FieldRow> optimiser_rows() {
  return {
      {TRAIN_KEY(steps).in(1, kMaxCount, "steps"), "Optimiser steps of the stage."},
      {TRAIN_KEY(stop_at).in(0, kMaxCount, "steps").where(stops_early<S>),
       "Step after which the stage ends, in a schedule of `steps`; 0: the last one. A stage goes on from the "
       "checkpoint of one that is the same but for an earlier end."},
      {TRAIN_KEY(batch).in(1, kMaxCount, S == Stage::encoder ? "images" : "sequences"),
       "Examples in one optimiser step, over all accumulated micro-batches."},
      {TRAIN_KEY(peak_lr).in(0, 10), "Learning rate at the end of the warm-up."},
      {TRAIN_KEY(min_lr_ratio).in(0, 1).where(anneals<S>),
       "Learning rate at the last step, as a share of peak_lr."},
      {TRAIN_KEY(warmup_steps).in(0, kMaxCount, "steps"), "Steps of linear warm-up from zero to peak_lr."},
      {TRAIN_KEY(schedule), "How the learning rate falls after the warm-up."},
      {TRAIN_KEY(weight_decay).in(0, 10),
       "Decoupled decay: each step also multiplies the weights by 1 - lr * weight_decay (PyTorch's "
       "convention)."},
      {TRAIN_KEY(optimizer).where(has_adafactor<S>),  // AdamW is what there was before the key.
       "adamw, or adafactor: without a mean gradient, and of the mean squared gradient of a matrix it keeps "
       "those of "
       "rows and columns alone."},
      {TRAIN_KEY(beta1).in(0, 1).but_not(1).where(has_adamw<S>), "AdamW's decay of the mean gradient."},
      {TRAIN_KEY(beta2).in(0, 1).but_not(1).where(has_adamw<S>),
       "AdamW's decay of the mean squared gradient."},
      {TRAIN_KEY(epsilon).in(kLeastEpsilon, 1).where(has_adamw<S>), "AdamW's term against division by zero."},
      {TRAIN_KEY(grad_clip).in(0, kNoLimit), "Largest global norm of the gradient; 0: not clipped."},
      {TRAIN_KEY(ema).in(0, 1).but_not(1),
       "Decay of a moving average of the weights, which is then evaluated; 0: none."},
      {TRAIN_KEY(precision), "Number format of the arithmetic; weights are kept in fp32."},
  };
}

template <Stage S>
FieldRow z_loss_row() {
  return {TRAIN_KEY(z_loss).in(0, 1), "Weight of the squared log of the softmax's denominator; 0: none."};
}

template <Stage S>
bool has_sub_images(const Experiment& e, Stage) {
  return train_of(e, S).sub_images != SubImages::none;
}

/// Stage sft goes on at the resolution of stage vlm. A job has what comes of it as encoder.resolution
/// (canonical.hpp), also without an encoder.
template <Stage S>
std::vector<FieldRow> joint_rows() {
  return {
      {TRAIN_KEY(resolution)
           .in(0, 16384, "px")
           .changes(S == Stage::vlm ? kJoint : StageSet{S})
           .where(has_encoder),
       "Side of the pictures in this stage; 0: as the stage before. Position embeddings are interpolated."},
      {TRAIN_KEY(sub_images).where(has_sub_images<S>),  // One view is what there was before the key.
       "Views of a picture, each of the stage's resolution and of as many tokens as a picture without: none, "
       "the whole alone; quadrants, the whole and its four quarters, as MM1 has it; grid, the whole and the "
       "tiles of the grid (1 x 2 to 3 x 1) that fits its shape best, as LLaVA-NeXT has it."},
      {TRAIN_KEY(freeze), "Parts of the model that this stage keeps as they are."},
  };
}

#undef TRAIN_KEY

}  // namespace

std::vector<FieldRow> training_rows() {
  using enum Stage;
  std::vector<FieldRow> rows;
  const auto add = [&](const std::vector<FieldRow>& more) {
    rows.insert(rows.end(), more.begin(), more.end());
  };
  add(optimiser_rows<encoder>());
  add(optimiser_rows<llm>());
  add({z_loss_row<llm>()});
  add(optimiser_rows<vlm>());
  add({z_loss_row<vlm>()});
  add(joint_rows<vlm>());
  add(optimiser_rows<sft>());
  add({z_loss_row<sft>()});
  add(joint_rows<sft>());
  return rows;
}

}  // namespace ablate
