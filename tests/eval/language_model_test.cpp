#include "eval/language_model.hpp"

#include <ATen/record_function.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <set>

#include "data/problem.hpp"
#include "eval/plain_model.hpp"

BOOST_AUTO_TEST_SUITE(evaluation_language_model)

using namespace ablate;
namespace tt = boost::test_tools;

namespace {

/// Text alone, one picture, several, and prompts and candidates of all lengths.
std::vector<Question> mixed_questions() {
  std::vector<Question> questions(5);
  questions[0].prompt = {shown_text("What is the colour of the sea, when the weather is fine?")};
  questions[0].candidates = {"blue", "It is a deep blue, or so they say.", "red"};
  questions[1].prompt = {coloured(255, 0, 0)};
  questions[1].candidates = {"red", "green"};
  questions[2].prompt = {coloured(255, 0, 0), shown_text("A red square."), coloured(0, 255, 0),
                         shown_text("A green square."), coloured(0, 0, 255)};
  questions[2].candidates = {"A blue square.", "A red square.", "Nothing of the kind", "x", "Grüße, 東京"};
  questions[3].prompt = {shown_text("Is there anything?"), coloured(0, 0, 0), shown_text("Answer:")};
  questions[3].candidates = {"yes", "no"};
  questions[4].prompt = {coloured(0, 255, 255), coloured(255, 255, 0)};
  questions[4].candidates = {"both are the same", "they differ"};
  return questions;
}

void check_same(const std::vector<std::vector<Likelihood>>& found,
                const std::vector<std::vector<Likelihood>>& want, double most) {
  BOOST_TEST_REQUIRE(found.size() == want.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    BOOST_TEST_REQUIRE(found[i].size() == want[i].size());
    for (std::size_t c = 0; c < found[i].size(); ++c) {
      BOOST_TEST(std::abs(found[i][c].nats - want[i][c].nats) < most);
      BOOST_TEST(found[i][c].tokens == want[i][c].tokens);
    }
  }
}

/// Positions of text that a decoder looks up in this thread while it lives.
class PositionCounter {
 public:
  PositionCounter() {
    g_positions = 0;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(count).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  ~PositionCounter() { at::removeCallback(handle_); }
  PositionCounter(const PositionCounter&) = delete;
  PositionCounter& operator=(const PositionCounter&) = delete;
  std::int64_t positions() const { return g_positions; }

 private:
  static std::unique_ptr<at::ObserverContext> count(const at::RecordFunction& function) {
    if (std::string_view(function.name()) == "aten::embedding")
      g_positions += function.inputs()[1].toTensor().numel();
    return nullptr;
  }
  static inline thread_local std::int64_t g_positions = 0;
  at::CallbackHandle handle_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_tuned_model_is_asked_in_the_format_that_it_was_tuned_in) {
  Experiment with_marks = SavedModel::small_recipe();
  with_marks.llm.vocab_size += 2;  // Those of ChatML come after the pieces of the file.
  const PlainModel plain(Stage::sft, kLoud, with_marks);
  Question question;
  question.prompt = {coloured(255, 0, 0),
                     shown_text("Which colour?"),
                     {"red", nullptr, /*target=*/true},
                     coloured(0, 0, 255),
                     shown_text("Which colour?")};
  question.candidates = {"blue", "green as grass"};
  const Document talk{.id = "talk", .segments = question.prompt, .system = ""};
  ReadReport report;
  for (const auto& format : names_of<ChatFormat>()) {
    const Chat chat{format.value, "A chat."};
    const Tokenizer tokenizer(sample_path("tokenizer.model"), format.value);
    BOOST_TEST_REQUIRE(tokenizer.vocab_size() <= plain.recipe.llm.vocab_size);
    std::vector<std::vector<Likelihood>> want(1);
    for (const std::string& candidate : question.candidates) {
      TokenizedDocument whole = tokenize_chat_prompt(talk, tokenizer, {plain.kImageTokens}, chat);
      for (const std::int32_t token : tokenizer.encode(candidate)) append_token(whole, token, true);
      append_token(whole, answer_end(tokenizer, format.value), true);
      const auto count = std::count(whole.targets.begin(), whole.targets.end(), 1);
      want[0].push_back({plain.log_likelihood(whole, count), count});
    }
    const auto change = [&](EvaluationJob& job) {
      job.experiment.data.chat_format = format.value;
      job.experiment.data.system_prompt = "A chat.";
    };
    BOOST_TEST_CONTEXT(format.name) {
      check_same(plain.load(change)->rank(std::span(&question, 1), report), want, 1e-3);
      // The loss over a conversation is that over its answers, each with its end.
      Document held_out = talk;
      held_out.segments.push_back({"blue", nullptr, true});
      const TokenizedDocument whole = tokenize_chat(held_out, tokenizer, {plain.kImageTokens}, chat);
      const torch::Tensor known = plain.log_probabilities(whole);
      double nats = 0;
      for (std::size_t t = 1; t < whole.tokens.size(); ++t)
        if (whole.targets[t] != 0)
          nats -= known[static_cast<std::int64_t>(t) - 1][whole.tokens[t]].item<double>();
      const auto losses = plain.load(change)->losses(std::span(&held_out, 1), DataRole::sft, report);
      BOOST_TEST(losses[0].nats == nats, tt::tolerance(1e-4));
      BOOST_TEST(losses[0].tokens == std::count(whole.targets.begin(), whole.targets.end(), 1));
    }
  }
}

BOOST_AUTO_TEST_CASE(pictures_at_the_end_of_a_prompt_have_sub_images_and_those_before_may_be_whole) {
  const PlainModel plain(Stage::vlm, kLoud);
  const auto halves = [](std::uint8_t left, std::uint8_t right) {
    Image image{40, 40, {}};
    for (int i = 0; i < 40 * 40; ++i)
      image.pixels.insert(image.pixels.end(), {i % 40 < 20 ? left : right, 60, 90});
    return shown_picture(encode_png(image));
  };
  Question question;
  question.prompt = {halves(250, 10), shown_text("A photo of a hat."), halves(10, 250),
                     shown_text("A photo of")};
  question.candidates = {"a red coat", "shoes"};
  ReadReport report;
  const auto rank = [&](std::int64_t pictures) {
    return plain
        .load([&](EvaluationJob& job) {
          job.experiment.train_vlm.sub_images = SubImages::quadrants;
          job.experiment.eval.sub_image_pictures = pictures;
        })
        ->rank(std::span(&question, 1), report);
  };
  const auto alone = [&](std::vector<bool> whole) {
    std::vector<std::vector<Likelihood>> want(1);
    for (const std::string& candidate : question.candidates) {
      Document document{.id = "alone", .segments = question.prompt};
      document.segments[0].whole = whole[0];
      document.segments[2].whole = whole[1];
      document.segments.push_back(shown_text(candidate));
      const auto count = std::ssize(plain.tokenizer.encode(candidate)) + 1;
      const TokenizedDocument tokens =
          tokenize(document, plain.tokenizer, {plain.kImageTokens, SubImages::quadrants, plain.kResolution});
      BOOST_TEST(tokens.images[1].views == (whole[1] ? 1 : 5));
      want[0].push_back({plain.log_likelihood(tokens, count), count});
    }
    return want;
  };
  const auto all = rank(0), last = rank(1), both = rank(2);
  check_same(all, alone({false, false}), 1e-3);
  check_same(last, alone({true, false}), 1e-3);
  check_same(both, all, 1e-6);
  BOOST_TEST(std::abs(all[0][0].nats - last[0][0].nats) > 1e-3);
}

BOOST_AUTO_TEST_CASE(a_candidate_is_as_likely_as_after_the_prompt_alone) {
  const PlainModel plain(Stage::vlm, kLoud);
  const auto questions = mixed_questions();
  std::vector<std::vector<Likelihood>> want;
  for (const Question& question : questions) {
    want.emplace_back();
    for (const std::string& candidate : question.candidates)
      want.back().push_back(plain.alone(question, candidate));
  }
  // The model is not indifferent, and sees the pictures.
  BOOST_TEST(std::abs(want[1][0].nats - want[1][1].nats) > 0.1);
  Question other = questions[1];
  other.prompt = {coloured(0, 255, 0)};
  BOOST_TEST(std::abs(plain.alone(other, "red").nats - want[1][0].nats) > 0.01);

  ReadReport report;
  check_same(plain.load()->rank(questions, report), want, 1e-4);
  check_same(
      plain.load([](EvaluationJob& job) { job.experiment.run.micro_batch = 1; })->rank(questions, report),
      want, 1e-4);
  check_same(plain
                 .load([](EvaluationJob& job) {
                   job.micro_batch_halvings = 70;
                   job.threads = 8;
                 })
                 ->rank(questions, report),
             want, 1e-4);
  for (std::size_t i = 0; i < questions.size(); ++i)
    check_same(plain.load()->rank(std::span(&questions[i], 1), report), {want[i]}, 1e-4);
  BOOST_TEST(report.broken.empty());
  BOOST_TEST(plain.load()->rank({}, report).empty());
}

BOOST_AUTO_TEST_CASE(a_decoder_alone_ranks_and_writes_text) {
  const PlainModel plain(Stage::llm, kLoud);
  std::vector<Question> questions = {mixed_questions()[0]};
  std::vector<std::vector<Likelihood>> want(1);
  for (const std::string& candidate : questions[0].candidates)
    want[0].push_back(plain.alone(questions[0], candidate));
  ReadReport report;
  check_same(plain.load()->rank(questions, report), want, 1e-4);
  BOOST_TEST(plain.load()->write(questions, 8, report).at(0).value() ==
             plain.tokenizer.decode(plain.greedy(questions[0], 8)));
}

BOOST_AUTO_TEST_CASE(a_prompt_is_read_once_for_all_its_candidates) {
  PlainModel plain;
  Question question;
  question.prompt = {coloured(9, 9, 9), shown_text(sentence(1, 30))};
  question.candidates = {"one", "two", "three", "four", "five", "six"};
  const std::int64_t prompt = plain.length_of(question.prompt);
  std::int64_t tree = prompt - 1;  // Its last token stands before each candidate.
  for (const std::string& candidate : question.candidates)
    tree += std::ssize(plain.tokenizer.encode(candidate)) + 2;
  BOOST_TEST_REQUIRE(tree < 2 * prompt);
  plain.recipe.data.seq_len = tree;
  const auto model = plain.load([](EvaluationJob& job) { job.experiment.run.micro_batch = 1; });
  ReadReport report;
  const PositionCounter counter;
  BOOST_TEST(model->rank(std::span(&question, 1), report).at(0).size() == 6u);
  BOOST_TEST(counter.positions() == tree);
}

BOOST_AUTO_TEST_CASE(a_tree_may_be_longer_than_a_sequence_where_no_branch_of_it_is) {
  PlainModel plain(Stage::vlm, kLoud);
  Question question = mixed_questions()[0];
  question.candidates.clear();
  for (int i = 0; i < 60; ++i) question.candidates.push_back(sentence(static_cast<std::uint64_t>(i), 4));
  plain.recipe.data.seq_len = 64;
  std::vector<std::vector<Likelihood>> want(1);
  for (const std::string& candidate : question.candidates)
    want[0].push_back(plain.alone(question, candidate));
  ReadReport report;
  check_same(plain.load()->rank(std::span(&question, 1), report), want, 1e-4);
}

BOOST_AUTO_TEST_CASE(what_is_longer_than_a_sequence_has_no_result) {
  PlainModel plain(Stage::vlm, kLoud);
  auto questions = mixed_questions();
  const Question& longest = questions[2];
  std::int64_t most = 0;
  for (const std::string& candidate : longest.candidates)
    most = std::max(most, std::ssize(plain.tokenizer.encode(candidate)));
  const std::int64_t whole = plain.length_of(longest.prompt) + most + 1;
  ReadReport report;
  for (const std::int64_t seq_len : {whole, whole - 1}) {
    plain.recipe.data.seq_len = seq_len;
    const auto ranked = plain.load()->rank(questions, report);
    BOOST_TEST(ranked[2].size() == (seq_len == whole ? 5u : 0u));
    for (const std::size_t i : {1u, 3u, 4u}) BOOST_TEST(ranked[i].size() == 2u);
  }
  plain.recipe.data.seq_len = plain.length_of(longest.prompt) + 5;
  for (const std::int64_t tokens : {5, 6}) {
    const auto written = plain.load()->write(questions, tokens, report);
    BOOST_TEST(written[2].has_value() == (tokens == 5));
    BOOST_TEST(written[1].has_value());
  }
  // Not one that fits.
  plain.recipe.data.seq_len = 7;
  BOOST_TEST(plain.load()->rank(std::span(questions).first(1), report).at(0).empty());
  BOOST_TEST(!plain.load()->write(std::span(questions).first(1), 4, report).at(0));
  questions[1].candidates.clear();
  BOOST_TEST(plain.load()->rank(std::span(questions).subspan(1, 1), report).at(0).empty());
  BOOST_TEST(report.broken.empty());
}

BOOST_AUTO_TEST_CASE(what_is_written_is_the_likeliest_token_by_token) {
  const PlainModel plain(Stage::vlm, kLoud);
  const auto questions = mixed_questions();
  std::vector<std::string> want;
  for (const Question& question : questions)
    want.push_back(plain.tokenizer.decode(plain.greedy(question, 12)));
  BOOST_TEST(std::set<std::string>(want.begin(), want.end()).size() > 3u);
  const auto check = [&](const std::function<void(EvaluationJob&)>& change) {
    ReadReport report;
    const auto written = plain.load(change)->write(questions, 12, report);
    BOOST_TEST_REQUIRE(written.size() == questions.size());
    for (std::size_t i = 0; i < questions.size(); ++i) BOOST_TEST(written[i].value() == want[i], i);
    BOOST_TEST(report.broken.empty());
  };
  check(nullptr);
  for (const std::int64_t rows : {1, 2})
    check([&](EvaluationJob& job) { job.experiment.run.micro_batch = rows; });
}

BOOST_AUTO_TEST_CASE(no_more_is_written_than_was_asked_for) {
  const PlainModel plain(Stage::vlm, kLoud);
  const auto questions = mixed_questions();
  ReadReport report;
  for (const std::int64_t most : {1, 3, 20})
    BOOST_TEST(plain.load()->write(questions, most, report).at(0).value() ==
               plain.tokenizer.decode(plain.greedy(questions[0], most)));
}

BOOST_AUTO_TEST_CASE(writing_ends_with_the_document_the_line_or_a_picture) {
  Experiment wide = SavedModel::small_recipe();
  wide.llm.vocab_size = 1040;  // More than the tokenizer has.
  PlainModel plain(Stage::vlm, kLoud, wide);
  const auto questions = mixed_questions();
  const auto unhindered = plain.greedy(questions[0], 10);
  BOOST_TEST_REQUIRE(unhindered.size() == 10u);
  // From here on the model says an ending instead of what it said.
  const std::int32_t said = unhindered[4];
  const auto before =
      static_cast<std::size_t>(std::find(unhindered.begin(), unhindered.end(), said) - unhindered.begin());
  const auto endings = plain.endings();
  BOOST_TEST(endings.size() == 5u + 16u);
  for (const std::int64_t ending : endings) {
    if (ending >= 1024 && ending != 1039) continue;  // One of those that the tokenizer has not.
    BOOST_TEST_CONTEXT("token " << ending) {
      const torch::NoGradGuard no_grad;
      const torch::Tensor head = plain.model->decoder->lm_head;
      const auto swap = [&] {
        const torch::Tensor row = head[said].clone();
        head[said].copy_(head[ending]);
        head[ending].copy_(row);
      };
      swap();
      plain.save();
      const std::vector<std::int32_t> want(unhindered.begin(),
                                           unhindered.begin() + static_cast<std::ptrdiff_t>(before));
      BOOST_TEST(plain.greedy(questions[0], 10) == want, tt::per_element());
      ReadReport report;
      // The others in the batch write on.
      const auto written = plain.load()->write(questions, 10, report);
      BOOST_TEST(written[0].value() == plain.tokenizer.decode(want));
      for (const std::size_t i : {2u, 3u})
        BOOST_TEST(written[i].value() == plain.tokenizer.decode(plain.greedy(questions[i], 10)));
      swap();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_broken_picture_takes_its_question_along_and_is_told) {
  const PlainModel plain(Stage::vlm, kLoud);
  auto questions = mixed_questions();
  ReadReport whole_report;
  const auto whole = plain.load()->rank(questions, whole_report);
  const auto whole_written = plain.load()->write(questions, 5, whole_report);
  questions[2].prompt[2] = shown_picture("no picture at all");
  ReadReport report;
  auto want = whole;
  want[2].clear();
  check_same(plain.load()->rank(questions, report), want, 1e-4);
  BOOST_TEST((report.broken == std::map<ProblemKind, std::int64_t>{{ProblemKind::image, 1}}));
  BOOST_TEST(report.documents == 0);  // Who read them counted them.
  BOOST_TEST(report.first.size() == 1u);
  BOOST_TEST(report.first.at(0).where == questions[2].id);

  report = {};
  const auto written = plain.load()->write(questions, 5, report);
  for (std::size_t i = 0; i < questions.size(); ++i)
    BOOST_TEST((written[i] == (i == 2 ? std::nullopt : whole_written[i])), i);
  BOOST_TEST(report.broken[ProblemKind::image] == 1);
  // Alone, too.
  report = {};
  BOOST_TEST(plain.load()->rank(std::span(questions).subspan(2, 1), report).at(0).empty());
  BOOST_TEST(!plain.load()->write(std::span(questions).subspan(2, 1), 5, report).at(0));
  BOOST_TEST(report.broken[ProblemKind::image] == 2);
}

BOOST_AUTO_TEST_CASE(a_request_to_stop_comes_out_of_every_question) {
  const PlainModel plain;
  const std::function<bool()> stop = [] { return true; };
  const auto model = load_language_model(plain.job(), stop);
  const auto questions = mixed_questions();
  const std::vector<Document> documents = {{.id = "d", .segments = {shown_text("a text")}}};
  ReadReport report;
  BOOST_CHECK_THROW(model->rank(questions, report), StopRequested);
  BOOST_CHECK_THROW(model->write(questions, 3, report), StopRequested);
  BOOST_CHECK_THROW(model->losses(documents, DataRole::interleaved, report), StopRequested);
}

BOOST_AUTO_TEST_SUITE_END()
