#include "data/loader.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <set>

#include "data/fixture.hpp"
#include "data/recipe.hpp"

BOOST_AUTO_TEST_SUITE(loader)

using namespace ablate;

namespace {

constexpr std::int64_t kSide = 4;

/// Captions (some with a synthetic one, `broken` of them with a picture cut short), documents of text and
/// pictures, text.
struct Sources {
  explicit Sources(int broken = 0) {
    for (int i = 0; i < 8; ++i)
      scratch.write(fmt::format("images/{}.png", i),
                    square_png(6, static_cast<std::uint8_t>(30 * i), 100, 200));
    scratch.write("images/cut.png", square_png(6, 1, 2, 3).substr(0, 40));
    std::string captions, documents;
    for (int i = 0; i < 60; ++i) {
      Json record = {{"image", i < broken ? "images/cut.png" : fmt::format("images/{}.png", i % 8)},
                     {"caption", "alt " + sentence(static_cast<std::uint64_t>(i), 5)}};
      if (i % 2 == 0) record["synthetic_caption"] = "synthetic " + sentence(static_cast<std::uint64_t>(i), 8);
      captions += record.dump() + "\n";
      Json segments = Json::array();
      for (int j = 0; j < 1 + i % 4; ++j) {
        const int number = 1000 + 10 * i + j;
        segments.push_back({{"text", sentence(static_cast<std::uint64_t>(number), 9)}});
        segments.push_back({{"image", fmt::format("images/{}.png", (i + j) % 8)}});
      }
      segments.push_back({{"text", "the end"}});
      documents += Json{{"segments", segments}}.dump() + "\n";
    }
    captions_path = scratch.write("captions.jsonl", captions);
    documents_path = scratch.write("documents.jsonl", documents);
    text_path = scratch.write("text.jsonl", text_lines(0, 400, 30));
  }

  MixtureSettings mixture(double captions = 45, double interleaved = 45, double text = 10) const {
    MixtureSettings settings;
    settings.sources = {{DataRole::captions, {captions_path}, captions},
                        {DataRole::interleaved, {documents_path}, interleaved},
                        {DataRole::text, {text_path}, text}};
    settings.seed = 5;
    settings.seq_len = 64;
    settings.max_images = 3;
    settings.image_tokens = 4;
    settings.resolution = kSide;
    settings.synthetic_share = 0.3;
    return settings;
  }

  PairSettings pairs(double synthetic_share = 0) const {
    PairSettings settings;
    settings.paths = {captions_path};
    settings.resolution = kSide;
    settings.context = 16;
    settings.synthetic_share = synthetic_share;
    return settings;
  }

  Scratch scratch;
  std::filesystem::path captions_path, documents_path, text_path;
};

bool equal(const Sequence& a, const Sequence& b) {
  return a.role == b.role && a.tokens == b.tokens && a.labels == b.labels && a.positions == b.positions &&
         a.documents == b.documents && a.ids == b.ids && a.images == b.images && a.pixels == b.pixels &&
         a.position.to_json() == b.position.to_json();
}

std::vector<Sequence> take(SequenceLoader& loader, int count) {
  std::vector<Sequence> sequences;
  for (int i = 0; i < count; ++i) sequences.push_back(loader.next());
  return sequences;
}

template <typename Act>
std::string error_of(Act act) {
  try {
    act();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_number_of_threads_changes_nothing) {
  const Sources sources(3);
  SequenceLoader reference(sources.mixture(), small_tokenizer(), {.threads = 0});
  const std::vector<Sequence> expected = take(reference, 200);
  for (const std::size_t threads : {1, 2, 8}) {
    SequenceLoader loader(sources.mixture(), small_tokenizer(), {.threads = threads});
    for (const Sequence& sequence : expected) BOOST_TEST_REQUIRE(equal(loader.next(), sequence));
    BOOST_TEST(loader.tally().to_json() == reference.tally().to_json());
  }
}

BOOST_AUTO_TEST_CASE(a_loader_goes_on_from_any_sequence) {
  const Sources sources(3);
  SequenceLoader reference(sources.mixture(), small_tokenizer(), {.threads = 0});
  std::vector<Sequence> expected = take(reference, 300);
  for (std::size_t at = 0; at + 5 < expected.size(); at += at < 10 ? 1 : 41) {
    const MixturePosition position =
        MixturePosition::from_json(Json::parse(expected[at].position.to_json().dump()));
    SequenceLoader resumed(sources.mixture(), small_tokenizer(), {.threads = at % 3}, &position);
    for (std::size_t i = at + 1; i < at + 5; ++i) BOOST_TEST_REQUIRE(equal(resumed.next(), expected[i]));
  }
}

BOOST_AUTO_TEST_CASE(counts_go_on_as_if_there_had_been_no_stop) {
  const Sources sources(3);
  SequenceLoader whole(sources.mixture(), small_tokenizer(), {.threads = 0});
  Json tally;
  MixturePosition position;
  for (int i = 0; i < 400; ++i) {
    const Sequence sequence = whole.next();
    if (i != 137) continue;
    tally = whole.tally().to_json();
    position = sequence.position;
  }
  SequenceLoader resumed(sources.mixture(), small_tokenizer(), {.threads = 2}, &position);
  resumed.tally().restore(tally);
  for (int i = 138; i < 400; ++i) resumed.next();
  BOOST_TEST(resumed.tally().to_json() == whole.tally().to_json());
  BOOST_TEST(whole.tally().broken() > 0);
}

BOOST_AUTO_TEST_CASE(another_seed_is_another_order) {
  const Sources sources;
  MixtureSettings other = sources.mixture();
  other.seed = 6;
  SequenceLoader one(sources.mixture(), small_tokenizer(), {.threads = 0}),
      two(other, small_tokenizer(), {.threads = 0});
  int same = 0;
  for (int i = 0; i < 50; ++i) same += one.next().tokens == two.next().tokens;
  BOOST_TEST(same == 0);
}

BOOST_AUTO_TEST_CASE(each_role_has_its_share_of_the_sequences) {
  const Sources sources;
  Mixture mixture(sources.mixture(), small_tokenizer());
  std::map<DataRole, int> counts;
  for (int n = 1; n <= 1000; ++n) {
    ++counts[mixture.next().role];
    // A sequence of low discrepancy is within a few of its share at any time; a random one would be off
    // by 16.
    BOOST_TEST(std::abs(counts[DataRole::captions] - 0.45 * n) < 4);
    BOOST_TEST(std::abs(counts[DataRole::interleaved] - 0.45 * n) < 4);
    BOOST_TEST(std::abs(counts[DataRole::text] - 0.10 * n) < 4);
  }
}

BOOST_AUTO_TEST_CASE(a_weight_of_zero_leaves_a_source_alone) {
  const Sources sources;
  MixtureSettings settings = sources.mixture(1, 0, 0);
  settings.sources[1].paths = {"/no/such/file"};
  SequenceLoader loader(settings, small_tokenizer(), {.threads = 0});
  for (const Sequence& sequence : take(loader, 20)) BOOST_TEST((sequence.role == DataRole::captions));
}

BOOST_AUTO_TEST_CASE(sequences_keep_the_rules) {
  const Sources sources;
  const SpecialPieces& special = small_tokenizer()->special();
  SequenceLoader loader(sources.mixture(), small_tokenizer(), {.threads = 2});
  for (const Sequence& sequence : take(loader, 200)) {
    BOOST_TEST(sequence.images.size() <= 3u);
    BOOST_TEST(sequence.pixels.size() == sequence.images.size() * kSide * kSide * 3);
    std::set<std::size_t> image_places;
    for (const auto& [start, tokens, views] : sequence.images) {
      BOOST_TEST(tokens == 4);
      BOOST_TEST(views == 1);
      BOOST_TEST(sequence.tokens[static_cast<std::size_t>(start - 1)] == special.image_start);
      BOOST_TEST(sequence.tokens[static_cast<std::size_t>(start + 4)] == special.image_end);
      for (std::int64_t i = start; i < start + 4; ++i) image_places.insert(static_cast<std::size_t>(i));
    }
    for (std::size_t i = 0; i < sequence.tokens.size(); ++i) {
      const bool padding = sequence.documents[i] < 0;
      BOOST_TEST((sequence.tokens[i] == special.pad) == (padding || image_places.count(i) > 0));
      if (i > 0 && sequence.documents[i] == sequence.documents[i - 1] && !padding)
        BOOST_TEST(sequence.positions[i] == sequence.positions[i - 1] + 1);
      else
        BOOST_TEST(sequence.positions[i] == 0);
      if (sequence.labels[i] == kNoTarget) continue;
      BOOST_TEST(sequence.documents[i] == sequence.documents[i + 1]);
      BOOST_TEST(sequence.labels[i] == sequence.tokens[i + 1]);
      BOOST_TEST(sequence.labels[i] != special.pad);
      BOOST_TEST(sequence.labels[i] != special.image_start);
      BOOST_TEST(sequence.labels[i] != special.image_end);
    }
  }
}

BOOST_AUTO_TEST_CASE(synthetic_captions_come_in_their_share) {
  const Sources sources;
  for (const double share : {0.0, 0.5, 1.0}) {
    PairLoader loader(sources.pairs(share), small_tokenizer(), {.threads = 0});
    int synthetic = 0;
    for (int i = 0; i < 600; ++i)
      synthetic += small_tokenizer()->decode(loader.next().tokens).starts_with("synthetic");
    // Every other caption has one: 300 chances.
    BOOST_TEST(std::abs(synthetic - 300 * share) <= (share == 0.5 ? 35 : 0));
  }
}

BOOST_AUTO_TEST_CASE(captions_are_cut_ended_and_padded) {
  const Sources sources;
  const SpecialPieces& special = small_tokenizer()->special();
  PairSettings settings = sources.pairs(1);
  settings.context = 10;
  PairLoader loader(settings, small_tokenizer(), {.threads = 2});
  std::set<std::int64_t> lengths;
  for (int i = 0; i < 60; ++i) {
    const Pair pair = loader.next();
    BOOST_TEST(pair.tokens.size() == 10u);
    lengths.insert(pair.length);
    for (std::size_t at = 0; at < 10; ++at) {
      const auto length = static_cast<std::size_t>(pair.length);
      BOOST_TEST((pair.tokens[at] == special.document_end) == (at + 1 == length));
      BOOST_TEST((pair.tokens[at] == special.pad) == (at >= length));
    }
    BOOST_TEST(pair.pixels.size() == static_cast<std::size_t>(kSide * kSide * 3));
  }
  BOOST_TEST(*lengths.rbegin() == 10);
}

BOOST_AUTO_TEST_CASE(pairs_resume_and_pass_over_broken_pictures) {
  const Sources sources(5);
  PairSettings pictures_only = sources.pairs();
  pictures_only.context = 0;
  PairLoader threads(pictures_only, nullptr, {.threads = 8});
  std::vector<Pair> expected;
  std::set<std::string> ids;
  BOOST_TEST(
      error_of([&] { PairLoader(sources.pairs(), nullptr, {.threads = 0}); }).starts_with("data.tokenizer"));
  for (int i = 0; i < 55; ++i) {
    expected.push_back(threads.next());
    ids.insert(expected.back().id);
  }
  BOOST_TEST(ids.size() == 55u);
  BOOST_TEST(threads.tally().broken() <= 5);
  for (std::size_t at = 0; at + 3 < expected.size(); at += 7) {
    PairLoader resumed(pictures_only, nullptr, {.threads = 1}, &expected[at].position);
    for (std::size_t i = at + 1; i < at + 3; ++i) {
      const Pair pair = resumed.next();
      BOOST_TEST(pair.id == expected[i].id);
      BOOST_TEST((pair.pixels == expected[i].pixels));
    }
  }
}

BOOST_AUTO_TEST_CASE(too_many_broken_documents_fail_with_the_first_by_name) {
  const Sources sources(30);
  SequenceLoader strict(sources.mixture(1, 0, 0), small_tokenizer(), {.threads = 2, .max_broken_share = 0.2});
  const std::string message = error_of([&] {
    for (int i = 0; i < 1000; ++i) strict.next();
  });
  BOOST_TEST(
      message.find(
          "documents are broken, more than run.max_broken_share = 0.2 allows; the first: captions.jsonl") !=
      std::string::npos);
  SequenceLoader lenient(sources.mixture(1, 0, 0), small_tokenizer(),
                         {.threads = 2, .max_broken_share = 0.6});
  for (int i = 0; i < 300; ++i) lenient.next();
  BOOST_TEST(lenient.tally().broken() > 0);
}

BOOST_AUTO_TEST_CASE(shares_are_told_as_metrics) {
  const Sources sources;
  SequenceLoader loader(sources.mixture(), small_tokenizer(), {.threads = 0});
  take(loader, 100);
  double sequences = 0, tokens = 0, images = 0, fill = 0;
  for (const auto& [name, value] : loader.tally().metrics()) {
    if (name.starts_with("sequence_share_")) sequences += value;
    if (name.starts_with("token_share_")) tokens += value;
    if (name.starts_with("image_share_")) images += value;
    if (name == "fill") fill = value;
  }
  BOOST_TEST(sequences == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(tokens == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(images == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST((fill > 0.8 && fill <= 1));
}

BOOST_AUTO_TEST_CASE(each_stage_has_pictures_of_its_own_resolution_or_none) {
  Experiment recipe;
  recipe.encoder.resolution = 28;
  recipe.connector.kind = ConnectorKind::mlp;  // One token for each patch of 14 px.
  recipe.train_vlm.resolution = 42;
  recipe.train_sft.resolution = 56;
  const auto picture = [&](Stage stage) {
    const MixtureSettings settings = mixture_of(recipe, stage, /*seed=*/0);
    return std::pair(settings.resolution, settings.image_tokens);
  };
  BOOST_CHECK((picture(Stage::llm) == std::pair<std::int64_t, std::int64_t>(0, 0)));
  BOOST_CHECK((picture(Stage::vlm) == std::pair<std::int64_t, std::int64_t>(42, 9)));
  BOOST_CHECK((picture(Stage::sft) == std::pair<std::int64_t, std::int64_t>(56, 16)));
  recipe.connector.kind = ConnectorKind::c_abstractor;
  BOOST_CHECK((picture(Stage::llm) == std::pair<std::int64_t, std::int64_t>(0, 0)));
}

namespace {

/// Conversations, questions and conversations without pictures: 12, 24 and 4 of them.
struct TuningSources {
  TuningSources() {
    scratch.write("a.png", square_png(6, 9, 9, 9));
    const auto turns = [](const std::string& about, int number) {
      return Json::array({{{"from", "human"}, {"value", about}},
                          {{"from", "gpt"}, {"value", "talk " + std::to_string(number)}}});
    };
    std::string talks, questions, texts;
    for (int i = 0; i < 12; ++i)
      talks += Json{{"image", "a.png"}, {"conversations", turns("<image>", i)}}.dump() + "\n";
    for (int i = 0; i < 24; ++i)
      questions +=
          Json{{"image", "a.png"}, {"question", "which bag?"}, {"answer", "bag " + std::to_string(i)}}
              .dump() +
          "\n";
    for (int i = 0; i < 4; ++i) texts += Json{{"conversations", turns("the coat?", 100 + i)}}.dump() + "\n";
    recipe.data.sft = {scratch.write("talks.jsonl", talks).string()};
    recipe.data.sft_questions = {scratch.write("questions.jsonl", questions).string()};
    recipe.data.sft_text = {scratch.write("texts.jsonl", texts).string()};
    recipe.data.sft_instruction = "one word.";
    recipe.data.seq_len = 64;
    recipe.encoder.resolution = 28;
    recipe.connector.kind = ConnectorKind::mlp;
  }
  MixtureSettings mixture() const { return mixture_of(recipe, Stage::sft, /*seed=*/3); }

  Scratch scratch;
  Experiment recipe;
};

}  // namespace

BOOST_AUTO_TEST_CASE(without_shares_every_example_of_sft_comes_once_an_epoch) {
  const TuningSources sources;
  const MixtureSettings settings = sources.mixture();
  BOOST_TEST(settings.sources.size() == 1u);
  SequenceLoader loader(settings, small_tokenizer(), {.threads = 0});
  std::map<std::string, int> times;
  int drawn = 0;
  // A group is some epochs whole, and packed together.
  while (drawn < 40 * 10) {
    const Sequence sequence = loader.next();
    BOOST_TEST((sequence.role == DataRole::sft));
    for (const std::string& id : sequence.ids) ++times[id], ++drawn;
    for (std::size_t i = 0; i < sequence.ids.size(); ++i) {
      std::vector<std::int32_t> tokens;
      for (std::size_t t = 0; t < sequence.tokens.size(); ++t)
        if (sequence.documents[t] == static_cast<std::int32_t>(i)) tokens.push_back(sequence.tokens[t]);
      const bool is_told = small_tokenizer()->decode(tokens).find("one word.") != std::string::npos;
      BOOST_TEST(is_told == sequence.ids[i].starts_with("questions.jsonl"), sequence.ids[i]);
    }
  }
  BOOST_TEST(times.size() == 40u);
}

BOOST_AUTO_TEST_CASE(with_shares_each_source_of_sft_has_its_part_of_the_sequences) {
  TuningSources sources;
  sources.recipe.data.sft_shares = {1, 1, 2};
  const MixtureSettings settings = sources.mixture();
  BOOST_REQUIRE(settings.sources.size() == 3u);
  SequenceLoader loader(settings, small_tokenizer(), {.threads = 0});
  std::map<DataRole, int> sequences;
  std::vector<Sequence> seen;
  for (int i = 0; i < 200; ++i) {
    seen.push_back(loader.next());
    ++sequences[seen.back().role];
    if (seen.back().role == DataRole::sft_text) BOOST_TEST(seen.back().images.empty());
  }
  BOOST_TEST(std::abs(sequences[DataRole::sft] - 50) <= 2);
  BOOST_TEST(std::abs(sequences[DataRole::sft_questions] - 50) <= 2);
  BOOST_TEST(std::abs(sequences[DataRole::sft_text] - 100) <= 2);
  // It goes on where it was.
  Mixture whole(settings, small_tokenizer()), rest(settings, small_tokenizer(), &seen[99].position);
  for (int i = 0; i < 100; ++i) whole.next();
  for (int i = 100; i < 200; ++i) {
    const SequencePlan one = whole.next(), other = rest.next();
    BOOST_TEST((one.role == other.role && one.documents.front().tokens == other.documents.front().tokens));
    BOOST_TEST(other.documents.front().id == seen[static_cast<std::size_t>(i)].ids.front());
  }
  // A weight of 0 leaves a source out, and two sources of one kind have orders of their own.
  sources.recipe.data.sft_shares = {1, 0, 0};
  BOOST_TEST(Mixture(sources.mixture(), small_tokenizer()).settings().sources.size() == 1u);
}

BOOST_AUTO_TEST_CASE(settings_that_cannot_work_are_refused) {
  const Sources sources;
  MixtureSettings settings = sources.mixture();
  settings.sources[0].paths.clear();
  BOOST_TEST(error_of([&] {
               Mixture(settings, small_tokenizer());
             }).find("data.captions: no source is named") != std::string::npos);
  settings = sources.mixture(0, 0, 0);
  BOOST_TEST(error_of([&] { Mixture(settings, small_tokenizer()); }).find("all weights are 0") !=
             std::string::npos);
  settings = sources.mixture();
  settings.seq_len = 6;
  BOOST_TEST(error_of([&] { Mixture(settings, small_tokenizer()); }).find("data.seq_len: 6 positions") !=
             std::string::npos);
  MixturePosition position;
  BOOST_TEST(error_of([&] {
               Mixture(sources.mixture(), small_tokenizer(), &position);
             }).find("of 0 sources") != std::string::npos);
  BOOST_TEST(error_of([&] {
               MixturePosition::from_json(Json::parse("{\"sequences\": 1}"));
             }).starts_with("data position"));
}

BOOST_AUTO_TEST_CASE(an_error_comes_in_its_place_and_stays) {
  for (const std::size_t threads : {0, 1, 4}) {
    int planned = 0;
    OrderedLoader<int, int> loader(
        [&] {
          if (planned == 5) throw std::runtime_error("plan");
          return planned++;
        },
        [](int item) { return 10 * item; }, threads, 3);
    for (int i = 0; i < 5; ++i) BOOST_TEST(loader.next() == 10 * i);
    for (int i = 0; i < 3; ++i) BOOST_TEST(error_of([&] { loader.next(); }) == "plan");
  }
}

BOOST_AUTO_TEST_CASE(no_more_is_prepared_than_was_allowed) {
  std::atomic<int> planned = 0, taken = 0, most = 0;
  OrderedLoader<int, int> loader(
      [&] {
        most = std::max(most.load(), planned - taken + 1);
        return planned++;
      },
      [](int item) { return item; }, 8, 4);
  for (int i = 0; i < 200; ++i) {
    BOOST_TEST(loader.next() == i);
    ++taken;
  }
  BOOST_TEST(most <= 4 + 1);  // next() makes room before `taken` is counted here.
}

BOOST_AUTO_TEST_SUITE_END()
