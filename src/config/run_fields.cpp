// [demo], and [run]: how to run, never what to compute.
#include "config/field_rows.hpp"

namespace ablate {

std::vector<FieldRow> demo_rows() {
  using enum Stage;
  return {
      {KEY(demo.resolution).in(2, Demo::kPictureSide, "px").changes(demo),
       "Side of the drawings that the demonstration's perceptron sees: 2, 4, 8 or 16."},
      {KEY(demo.width).in(1, 4096).changes(demo), "Hidden units of the demonstration's perceptron."},
      {KEY(demo.steps).in(1, 1e9, "steps").changes(demo), "Training steps of the demonstration."},
      {KEY(demo.batch).in(1, 65536, "images").changes(demo), "Drawings in each of its steps."},
      {KEY(demo.noise).in(0, 100).changes(demo), "Standard deviation of the noise on each of its drawings."},
      {KEY(demo.peak_lr).in(0, 100).changes(demo), "Its learning rate, which falls along a cosine to zero."},
  };
}

std::vector<FieldRow> run_rows() {
  return {
      {KEY(run.log_interval).in(1, kMaxCount, "steps"), "Steps between two log points."},
      {KEY(run.checkpoint_interval).in(1, kMaxCount, "steps"), "Steps between two checkpoints."},
      {KEY(run.keep_checkpoints).in(1, 1000), "Checkpoints that are kept, the last ones."},
      {KEY(run.micro_batch).in(0, kMaxCount),
       "Sequences that go through the decoder at a time; 0: the whole batch."},
      {KEY(run.encoder_micro_batch).in(0, kMaxCount),
       "Pictures that go through the model at a time in the encoder's own pre-training; 0: the whole batch. "
       "A contrastive loss still compares the whole batch."},
      {KEY(run.activation_checkpointing),
       "Whether blocks are computed again in the backward pass, which saves memory and costs a third more "
       "time; the numbers stay the same."},
      {KEY(run.cuda_graphs),
       "Whether stage llm records its passes once and replays them: for small models on a GPU, where "
       "launches take longer than the work."},
      {KEY(run.cpu_bf16),
       "Whether a CPU, too, trains in bf16 where train.STAGE.precision is bf16: for trying recipes of GPUs. "
       "Without it such jobs are refused there."},
      {KEY(run.retries).in(0, 1000000),
       "Attempts in a row that may end without progress before a job has failed."},
      {KEY(run.timeout).in(0, kNoLimit, "s"), "Longest time of one attempt; 0: any."},
      {KEY(run.heartbeat).in(0, kNoLimit, "s"),
       "An attempt whose journal does not grow for so long is given up; 0: never."},
      {KEY(run.max_broken_share).in(0, 1),
       "A job fails when more than this share of the documents that it read is broken: in training where "
       "more "
       "than ten are, in an evaluation however few."},
  };
}

}  // namespace ablate
