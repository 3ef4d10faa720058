// What evaluations find out about an encoder.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <map>
#include <set>

#include "data/fixture.hpp"
#include "data/problem.hpp"
#include "eval/model_fixture.hpp"
#include "eval/tasks.hpp"
#include "train/convergence.hpp"

BOOST_AUTO_TEST_SUITE(encoder_evaluations)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

/// Lines of pictures of one colour, each with captions of its own. `files`: which picture a line shows.
std::string write_pictures(const Scratch& scratch, const std::vector<int>& files, bool as_list = false) {
  std::string lines;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string name = fmt::format("{}.png", files[i]);
    const int shade = files[i];
    scratch.write(
        name, square_png(8, static_cast<std::uint8_t>(37 * shade % 256), static_cast<std::uint8_t>(shade / 2),
                         static_cast<std::uint8_t>(shade % 3 * 80)));
    const std::string caption = fmt::format("{} {}", sentence(i, 5), i);
    lines += as_list ? Json{{"image", name}, {"captions", {caption, "also " + caption}}}.dump()
                     : Json{{"image", name}, {"caption", caption}}.dump();
    lines += "\n";
  }
  return scratch.write("pictures.jsonl", lines).string();
}

std::vector<int> count_up(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) numbers[static_cast<std::size_t>(i)] = i;
  return numbers;
}

std::vector<Document> read_captioned(const SavedEncoder& saved) {
  ReadReport report;
  return read_held_out(saved.recipe.eval.captions, "eval.captions", DataRole::captions, saved.recipe, report);
}

/// Vectors of the documents' pictures and captions, each made alone.
struct SingleVectors {
  std::vector<torch::Tensor> pictures, captions;
  explicit SingleVectors(const SavedEncoder& saved) {
    const torch::NoGradGuard no_grad;
    for (const Document& document : read_captioned(saved)) {
      pictures.push_back(saved.picture_vector(document).to(torch::kFloat64));
      captions.push_back(saved.text_vector(document.segments.back().text).to(torch::kFloat64));
    }
  }
};

/// The loss of picture `own` among pictures `from` to `to`, by the formulas of the papers.
double loss_among(const SavedEncoder& saved, const SingleVectors& vectors, std::size_t own, std::size_t from,
                  std::size_t to) {
  const ContrastiveObjective& objective = saved.contrastive();
  const double scale = std::exp(objective.logit_scale.sum().item<double>());
  const double bias = objective.logit_bias.defined() ? objective.logit_bias.item<double>() : 0;
  const auto logit = [&](std::size_t picture, std::size_t caption) {
    return scale * (vectors.pictures[picture] * vectors.captions[caption]).sum().item<double>() + bias;
  };
  double row = 0, column = 0, pairs = 0;
  for (std::size_t other = from; other < to; ++other) {
    row += std::exp(logit(own, other) - logit(own, own));
    column += std::exp(logit(other, own) - logit(own, own));
    pairs += other == own
                 ? std::log1p(std::exp(-logit(own, own)))
                 : (std::log1p(std::exp(logit(own, other))) + std::log1p(std::exp(logit(other, own)))) / 2;
  }
  return objective.logit_bias.defined() ? pairs : (std::log(row) + std::log(column)) / 2;
}

/// All vectors are zeros.
void collapse(SavedEncoder& saved) {
  Weights weights;
  saved.objective->append_weights(weights);
  const torch::NoGradGuard no_grad;
  for (const Weight& weight : weights)
    if (weight.name.find("projection") != std::string::npos) weight.tensor.zero_();
  saved.file = saved.path / "model.safetensors";
  save_weights(saved.file, weights);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_contrastive_loss_compares_blocks_of_a_fixed_size) {
  const std::pair<EncoderLoss, int> known[] = {
      {EncoderLoss::clip, 2}, {EncoderLoss::clip, 7}, {EncoderLoss::clip, 257}, {EncoderLoss::siglip, 7}};
  for (const auto& [loss, count] : known) {
    BOOST_TEST_CONTEXT(to_name(loss) << " of " << count) {
      SavedEncoder saved(loss);
      saved.recipe.eval.captions = {write_pictures(saved, count_up(count))};
      const SingleVectors vectors(saved);
      const auto n = static_cast<std::size_t>(count);
      BOOST_TEST_REQUIRE(vectors.pictures.size() == n);
      double sum = 0, squares = 0;
      for (std::size_t i = 0; i < n; ++i) {
        // Those that are left over stand at the end of the last 256.
        const std::size_t from = i < 256 ? 0 : n - 256, to = i < 256 ? std::min<std::size_t>(n, 256) : n;
        const double own = loss_among(saved, vectors, i, from, to);
        sum += own;
        squares += own * own;
      }
      const double mean = sum / count;
      const double error = std::sqrt((squares / count - mean * mean) / (count - 1));
      for (const std::int64_t micro_batch : {0, 5, 300}) {
        EvaluationJob job = saved.job(EvalTask::heldout_loss);
        job.experiment.run.encoder_micro_batch = micro_batch;
        Json detail;
        const auto scores = run_evaluation(job, &detail);
        const bool is_clip = loss == EncoderLoss::clip;
        BOOST_TEST(names_of_scores(scores) ==
                   (is_clip ? "heldout-loss-chance/accuracy heldout-loss-chance/pictures "
                            : "heldout-loss-chance/accuracy ") +
                       std::string("heldout-loss/accuracy heldout-loss/pictures"));
        const int block = std::min(count, 256);
        check_score(scores.at("heldout-loss-chance/accuracy"), 1.0 / block, count);
        if (is_clip) check_score(scores.at("heldout-loss-chance/pictures"), std::log(block), count);
        BOOST_TEST(!scores.at("heldout-loss-chance/accuracy").standard_error);
        const Score& score = scores.at("heldout-loss/pictures");
        BOOST_TEST(score.value == mean, tt::tolerance(1e-5));
        BOOST_TEST(score.standard_error.value() == error, tt::tolerance(1e-2));
        BOOST_TEST(score.n == count);
        BOOST_TEST(scores.at("heldout-loss/accuracy").n == count);
        BOOST_TEST(detail.at("block") == block);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_loss_of_an_untrained_encoder_is_that_of_guessing_captions) {
  SavedEncoder saved;
  saved.recipe.eval.captions = {write_pictures(saved, count_up(300))};
  collapse(saved);
  const auto scores = run_evaluation(saved.job(EvalTask::heldout_loss));
  BOOST_TEST(scores.at("heldout-loss/pictures").value == std::log(256.0), tt::tolerance(1e-6));
  BOOST_TEST(scores.at("heldout-loss/accuracy").value == 1 / 256.0, tt::tolerance(1e-6));
  BOOST_TEST(scores.at("heldout-loss/pictures").standard_error.value() == 0);
  BOOST_TEST(scores.at("heldout-loss/accuracy").standard_error.value() == std::sqrt(255 / 300.0) / 256,
             tt::tolerance(1e-6));
  for (const char* name : {"pictures", "accuracy"}) {
    const Score& score = scores.at(std::string("heldout-loss/") + name);
    BOOST_TEST(score.value == scores.at(std::string("heldout-loss-chance/") + name).value,
               tt::tolerance(1e-6));
  }
}

BOOST_AUTO_TEST_CASE(other_losses_are_means_over_all_targets_and_pixels) {
  for (const EncoderLoss loss : {EncoderLoss::aim, EncoderLoss::vae}) {
    const SavedEncoder saved(loss);
    // What training says of each picture alone, and how many targets it has.
    double sum = 0, count = 0;
    const auto documents = read_captioned(saved);
    auto& objective = dynamic_cast<PictureObjective&>(*saved.objective);
    for (std::size_t i = 0; i < documents.size(); ++i) {
      const std::int64_t R = saved.recipe.encoder.resolution;
      Image image = load_picture(*documents[i].segments.at(0).picture, R, ImageFit::stretch);
      const torch::Tensor pixels = torch::from_blob(image.pixels.data(), {1, R, R, 3}, torch::kUInt8);
      const double targets = objective.picture_counts(1, i).item<double>();
      sum += targets * objective.accumulate({{.pixels = pixels}}, i).front().second.item<double>();
      count += targets;
    }
    for (const std::int64_t micro_batch : {0, 1, 7}) {
      EvaluationJob job = saved.job(EvalTask::heldout_loss);
      job.experiment.run.encoder_micro_batch = micro_batch;
      const auto scores = run_evaluation(job);
      BOOST_TEST(scores.at("heldout-loss/pictures").value == sum / count, tt::tolerance(1e-5));
      BOOST_TEST(scores.at("heldout-loss/pictures").n == std::ssize(documents));
      BOOST_TEST(scores.at("heldout-loss/pictures").standard_error.value() > 0);
      BOOST_TEST(names_of_scores(scores) ==
                 (loss == EncoderLoss::aim
                      ? "heldout-loss/pictures"
                      : "heldout-loss/kl heldout-loss/pictures heldout-loss/reconstruction"));
    }
    BOOST_TEST(complains_of(evaluation_complaint(saved.job(EvalTask::retrieval)), "encoder.loss"));
  }
}

BOOST_AUTO_TEST_CASE(one_picture_has_a_loss_and_no_standard_error) {
  for (const EncoderLoss loss : {EncoderLoss::aim, EncoderLoss::vae}) {
    SavedEncoder saved(loss);
    saved.recipe.eval.max_examples = 1;
    const Score score = run_evaluation(saved.job(EvalTask::heldout_loss)).at("heldout-loss/pictures");
    BOOST_TEST(std::isfinite(score.value));
    BOOST_TEST(score.n == 1);
    BOOST_TEST(!score.standard_error);
  }
}

BOOST_AUTO_TEST_CASE(captions_are_read_without_a_tokenizer_where_none_is_needed) {
  SavedEncoder saved(EncoderLoss::aim);
  saved.recipe.data.tokenizer = "";
  BOOST_TEST(evaluation_complaint(saved.job(EvalTask::heldout_loss)) == "no error");
}

BOOST_AUTO_TEST_CASE(retrieval_asks_for_each_picture_and_each_caption_once) {
  const torch::NoGradGuard no_grad;
  for (const EncoderLoss loss : {EncoderLoss::clip, EncoderLoss::siglip})
    for (const char* source : {"sample", "lines", "lists"}) {
      SavedEncoder saved(loss);
      saved.recipe.run.encoder_micro_batch = 7;
      // Lines 0, 3, 4 are of one picture.
      if (source[0] == 'l')
        saved.recipe.eval.captions = {
            write_pictures(saved, {0, 1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 9}, source == std::string("lists"))};
      const auto scores = run_evaluation(saved.job(EvalTask::retrieval));
      BOOST_TEST(scores.size() == 8u);
      std::map<std::string, torch::Tensor> pictures, captions;
      std::set<std::pair<std::string, std::string>> pairs;
      for (const Document& document : read_captioned(saved)) {
        const std::string picture = picture_identity(*document.segments.front().picture);
        pictures[picture] = saved.picture_vector(document);
        std::vector<std::string> texts = document.references;
        if (texts.empty()) texts.push_back(document.segments.back().text);
        for (const std::string& text : texts) {
          captions[text] = saved.text_vector(text);
          pairs.emplace(picture, text);
        }
      }
      if (source == std::string("lists")) BOOST_TEST((pictures.size() == 10 && captions.size() == 24));
      if (source == std::string("lines")) BOOST_TEST((pictures.size() == 10 && captions.size() == 12));
      double hits[2][2] = {};
      for (int way = 0; way < 2; ++way)
        for (const auto& [query, vector] : way ? captions : pictures) {
          std::vector<std::pair<double, bool>> ranked;
          for (const auto& [candidate, other] : way ? pictures : captions)
            ranked.emplace_back(
                (vector * other).sum().item<double>(),
                pairs.count(way ? std::pair{candidate, query} : std::pair{query, candidate}) > 0);
          std::sort(ranked.rbegin(), ranked.rend());
          const auto found =
              std::find_if(ranked.begin(), ranked.end(), [](const auto& r) { return r.second; });
          hits[way][0] += found - ranked.begin() < 1;
          hits[way][1] += found - ranked.begin() < 5;
        }
      for (int way = 0; way < 2; ++way)
        for (int k = 0; k < 2; ++k) {
          const auto n = std::ssize(way ? captions : pictures);
          check_score(scores.at(std::string("retrieval/") + (way ? "text-to-image" : "image-to-text") +
                                (k ? "-r5" : "-r1")),
                      hits[way][k] / static_cast<double>(n), n);
        }
    }
}

BOOST_AUTO_TEST_CASE(where_all_vectors_are_equal_hits_are_chance) {
  SavedEncoder saved;
  saved.recipe.eval.captions = {write_pictures(saved, count_up(40))};
  collapse(saved);
  auto scores = run_evaluation(saved.job(EvalTask::retrieval));
  for (const char* way : {"retrieval/image-to-text", "retrieval/text-to-image"}) {
    check_score(scores.at(way + std::string("-r1")), 1 / 40.0, 40);
    check_score(scores.at(way + std::string("-r5")), 5 / 40.0, 40);
  }
  for (const auto& [name, score] : scores)
    if (name.starts_with("retrieval/"))
      check_score(scores.at("retrieval-chance" + name.substr(name.find('/'))), score.value, 40);
  scores = run_evaluation(saved.job(EvalTask::zero_shot));
  const double chance = scores.at("zero-shot/chance").value;
  BOOST_TEST((chance > 0.01 && chance < 0.2));
  check_score(scores.at("zero-shot/top1"), chance, 12);
  check_score(scores.at("zero-shot/top5"), 5 * chance, 12);
}

BOOST_AUTO_TEST_CASE(pictures_and_captions_are_compared_with_others) {
  for (const EncoderLoss loss : {EncoderLoss::clip, EncoderLoss::siglip})
    for (const EvalTask task : {EvalTask::retrieval, EvalTask::heldout_loss})
      BOOST_TEST_CONTEXT(to_name(loss) << " " << to_name(task)) {
        SavedEncoder saved(loss);
        saved.recipe.eval.captions = {write_pictures(saved, std::vector<int>(20, 3))};
        BOOST_CHECK_THROW(evaluate(saved.job(task), kNeverStop), DataError);
        BOOST_TEST(evaluation_complaint(saved.job(task)) ==
                   "eval.captions: 1 different picture and 20 different captions; expected at least two of "
                   "each to find one among");
        saved.recipe.eval.max_examples = 1;
        BOOST_TEST(complains_of(evaluation_complaint(saved.job(task)),
                                "eval.captions: 1 different picture and 1 different caption; "));
        saved.recipe.eval.max_examples = 20;
        saved.write("0.png", square_png(8, 1, 2, 3));
        saved.write("1.png", square_png(8, 99, 2, 3));
        saved.recipe.eval.captions = {saved
                                          .write("same.jsonl",
                                                 "{\"image\": \"0.png\", \"caption\": \"a square\"}\n"
                                                 "{\"image\": \"1.png\", \"caption\": \"a square\"}\n")
                                          .string()};
        BOOST_TEST(complains_of(evaluation_complaint(saved.job(task)),
                                "eval.captions: 2 different pictures and 1 different caption; "));
      }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_missed_is_left_out_of_retrieval_and_counted) {
  SavedEncoder saved;
  saved.recipe.eval.captions = {write_pictures(saved, count_up(5))};
  Json detail;
  auto scores = run_evaluation(saved.job(EvalTask::retrieval), &detail);
  BOOST_TEST(names_of_scores(scores) ==
             "retrieval-chance/image-to-text-r1 retrieval-chance/text-to-image-r1 retrieval/image-to-text-r1 "
             "retrieval/text-to-image-r1");
  check_score(scores.at("retrieval-chance/image-to-text-r1"), 0.2, 5);
  BOOST_TEST(detail.at("left_out") ==
             (Json{{"retrieval/image-to-text-r5", 5}, {"retrieval/text-to-image-r5", 5}}));
  // Seven captions: picture 0 has three of them, so four are wrong; the others have one.
  saved.recipe.eval.captions = {write_pictures(saved, {0, 0, 0, 1, 2, 3, 4})};
  scores = run_evaluation(saved.job(EvalTask::retrieval), &detail);
  BOOST_TEST(scores.at("retrieval/image-to-text-r5").n == 4);
  check_score(scores.at("retrieval-chance/image-to-text-r5"), 5 / 7.0, 4);
  check_score(scores.at("retrieval-chance/image-to-text-r1"), (4 / 7.0 + 3 / 7.0) / 5, 5);
  BOOST_TEST(scores.count("retrieval/text-to-image-r5") == 0u);
  BOOST_TEST(detail.at("left_out") ==
             (Json{{"retrieval/image-to-text-r5", 1}, {"retrieval/text-to-image-r5", 7}}));
  // All is right.
  std::string lines;
  for (const char* name : {"0.png", "1.png"})
    lines += Json{{"image", name}, {"captions", {"a square", "a picture"}}}.dump() + "\n";
  saved.recipe.eval.captions = {saved.write("right.jsonl", lines).string()};
  BOOST_TEST(evaluation_complaint(saved.job(EvalTask::retrieval)) ==
             "eval.captions: each of the 2 different captions is right for each of the 2 different pictures; "
             "expected some that are wrong");
}

BOOST_AUTO_TEST_CASE(a_class_is_told_from_others) {
  SavedEncoder saved;
  const auto label = [&](const std::vector<std::string>& classes) {
    std::string lines;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const std::string name = fmt::format("{}.png", i);
      saved.write(name, square_png(8, static_cast<std::uint8_t>(20 * i), 2, 3));
      lines += Json{{"image", name}, {"question", "What is it?"}, {"answer", classes[i]}}.dump() + "\n";
    }
    saved.recipe.eval.labelled = {saved.write("labelled.jsonl", lines).string()};
  };
  label({"bag", "bag", "bag"});
  BOOST_CHECK_THROW(evaluate(saved.job(EvalTask::zero_shot), kNeverStop), DataError);
  BOOST_TEST(evaluation_complaint(saved.job(EvalTask::zero_shot)) ==
             "eval.labelled: a single class, 'bag'; expected at least two to choose from");
  label({"bag", "boot", "bag", "coat", "hat", "shirt"});
  Json detail;
  auto scores = run_evaluation(saved.job(EvalTask::zero_shot), &detail);
  BOOST_TEST(names_of_scores(scores) == "zero-shot/chance zero-shot/top1");
  check_score(scores.at("zero-shot/chance"), 0.2, 6);
  BOOST_TEST(detail.at("left_out") == (Json{{"zero-shot/top5", 6}}));
  label({"bag", "boot", "bag", "coat", "hat", "shirt", "sock"});
  scores = run_evaluation(saved.job(EvalTask::zero_shot), &detail);
  BOOST_TEST(scores.at("zero-shot/top5").n == 7);
  BOOST_TEST(!detail.contains("left_out"));
}

BOOST_AUTO_TEST_CASE(vectors_and_losses_that_are_no_numbers_are_an_error) {
  for (const EncoderLoss loss : {EncoderLoss::clip, EncoderLoss::siglip, EncoderLoss::aim, EncoderLoss::vae})
    for (const char* part : {"vision_model", "text_model", "logit_scale"}) {
      SavedEncoder saved(loss);
      const bool compares = loss == EncoderLoss::clip || loss == EncoderLoss::siglip;
      if (!compares && part[0] != 'v') continue;
      Weights weights;
      saved.objective->append_weights(weights);
      for (const Weight& weight : weights) {
        const torch::NoGradGuard no_grad;
        if (weight.name.find(part) != std::string::npos) weight.tensor.fill_(NAN);
      }
      saved.file = saved.path / "model.safetensors";
      save_weights(saved.file, weights);
      for (const EvalTask task : {EvalTask::heldout_loss, EvalTask::retrieval, EvalTask::zero_shot}) {
        if (task != EvalTask::heldout_loss && (!compares || part[0] == 'l')) continue;
        BOOST_TEST_CONTEXT(to_name(loss) << " " << part << " " << to_name(task)) {
          try {
            evaluate(saved.job(task), kNeverStop);
            BOOST_ERROR("no number was taken for one");
          } catch (const Diverged& diverged) {
            BOOST_TEST(complains_of(diverged.what(), " is nan; expected a number: the model has diverged"));
          }
        }
      }
    }
}

BOOST_AUTO_TEST_CASE(zero_shot_takes_the_class_that_is_nearest) {
  const torch::NoGradGuard no_grad;
  SavedEncoder saved;
  saved.recipe.eval.class_prompts = {"a picture of {}.", "{}"};
  const auto scores = run_evaluation(saved.job(EvalTask::zero_shot));
  BOOST_TEST(names_of_scores(scores) == "zero-shot/chance zero-shot/top1 zero-shot/top5");
  const auto documents = read_sample("evaluation", DataRole::sft);
  std::map<std::string, torch::Tensor> classes;
  for (const Document& document : documents)
    for (const std::string& name : document.choices) {
      const torch::Tensor mean = saved.text_vector("a picture of " + name + ".") + saved.text_vector(name);
      classes[name] = mean / mean.norm();
    }
  double first = 0, fifth = 0;
  for (const Document& document : documents) {
    const torch::Tensor picture = saved.picture_vector(document);
    const auto own = (picture * classes.at(document.segments.back().text)).sum().item<double>();
    int nearer = 0;
    for (const auto& [name, vector] : classes) nearer += (picture * vector).sum().item<double>() > own + 1e-7;
    first += nearer < 1;
    fifth += nearer < 5;
  }
  check_score(scores.at("zero-shot/top1"), first / 12, 12);
  check_score(scores.at("zero-shot/top5"), fifth / 12, 12);
  check_score(scores.at("zero-shot/chance"), 1.0 / static_cast<double>(classes.size()), 12);
  BOOST_TEST(!scores.at("zero-shot/chance").standard_error);
}

BOOST_AUTO_TEST_SUITE_END()
