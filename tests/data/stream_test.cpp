#include "data/stream.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "data/fixture.hpp"
#include "data/source.hpp"

BOOST_AUTO_TEST_SUITE(stream)

using namespace ablate;

namespace {

/// Three shards: one larger than a window takes of it, one smaller, one empty. Texts begin with "#NUMBER ".
struct Source {
  Source() {
    scratch.write("a.jsonl", text_lines(0, 2500, 6));
    scratch.write("b.jsonl", text_lines(2500, 300, 6));
    scratch.write("c/d.jsonl", "");
  }
  DocumentStream stream(std::uint64_t seed) const {
    return DocumentStream(find_shards(scratch.path, DataRole::text), seed, "documents/text");
  }
  Scratch scratch;
};
constexpr int kDocuments = 2800;

int number_of(const DrawnDocument& drawn) { return std::stoi(drawn.document.segments.at(0).text.substr(1)); }

std::vector<int> draw(DocumentStream& stream, int count) {
  ReadReport report;
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(number_of(stream.next(report)));
  BOOST_TEST(report.documents == count);
  BOOST_TEST(report.broken.empty());
  return numbers;
}

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_epoch_has_every_document_once) {
  const Source source;
  DocumentStream stream = source.stream(1);
  const std::vector<int> first = draw(stream, kDocuments), second = draw(stream, kDocuments);
  BOOST_TEST(std::set<int>(first.begin(), first.end()).size() == kDocuments);
  BOOST_TEST(std::set<int>(second.begin(), second.end()).size() == kDocuments);
  BOOST_TEST((first != second));
}

BOOST_AUTO_TEST_CASE(the_order_is_the_seeds_and_random) {
  const Source source;
  DocumentStream one = source.stream(1), again = source.stream(1), other = source.stream(2);
  const std::vector<int> order = draw(one, kDocuments);
  BOOST_TEST((draw(again, kDocuments) == order));
  BOOST_TEST((draw(other, kDocuments) != order));
  // Of 1,324 documents in the first window some 1,324/2 are before their neighbour; runs are short.
  int rising = 0;
  for (std::size_t i = 1; i < 1324; ++i) rising += order[i] > order[i - 1];
  BOOST_TEST((rising > 570 && rising < 754));
}

BOOST_AUTO_TEST_CASE(random_bits_belong_to_a_document_and_an_epoch) {
  const Source source;
  DocumentStream stream = source.stream(1);
  std::set<std::uint64_t> bits;
  ReadReport report;
  for (int i = 0; i < 2 * kDocuments; ++i) bits.insert(stream.next(report).bits);
  BOOST_TEST(bits.size() == 2u * kDocuments);
}

BOOST_AUTO_TEST_CASE(a_stream_goes_on_from_any_position) {
  const Source source;
  DocumentStream whole = source.stream(3);
  std::vector<int> order;
  std::vector<StreamPosition> positions = {whole.position()};
  ReadReport report;
  for (int i = 0; i < kDocuments + 100; ++i) {
    order.push_back(number_of(whole.next(report)));
    positions.push_back(whole.position());
  }
  for (std::size_t at = 0; at < order.size(); at += at < 2780 && at > 20 ? 173 : 1) {
    DocumentStream resumed = source.stream(3);
    resumed.seek(StreamPosition::from_json(Json::parse(positions[at].to_json().dump())));
    ReadReport again;
    for (std::size_t i = at; i < std::min(at + 30, order.size()); ++i)
      BOOST_TEST_REQUIRE(number_of(resumed.next(again)) == order[i]);
  }
}

BOOST_AUTO_TEST_CASE(broken_documents_are_told_once_and_passed_over) {
  const Scratch scratch;
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += i % 10 == 3 ? "{\"text\": \n" : Json{{"text", fmt::format("#{}", i)}}.dump() + "\n";
  scratch.write("a.jsonl", lines);
  DocumentStream stream(find_shards(scratch.path, DataRole::text), 0, "t");
  ReadReport report;
  std::set<int> seen;
  for (int i = 0; i < 90; ++i) seen.insert(number_of(stream.next(report)));
  BOOST_TEST(seen.size() == 90u);
  BOOST_TEST(report.broken[ProblemKind::json] >= 9);
  stream.next(report);  // The next epoch: by now all ten were met.
  BOOST_TEST(report.broken[ProblemKind::json] >= 10);
  BOOST_TEST(report.documents == 91 + report.broken[ProblemKind::json]);
  BOOST_TEST(report.first.size() <= ReadReport::kKept);
  BOOST_TEST(report.first[0].where.find("a.jsonl") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_epoch_ends_when_all_of_it_is_told) {
  const Scratch scratch;
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += i % 2 == 0 ? "{\"text\": \n" : Json{{"text", fmt::format("#{}", i)}}.dump() + "\n";
  scratch.write("a.jsonl", lines);
  DocumentStream stream(find_shards(scratch.path, DataRole::text), 0, "t");
  for (int epoch = 0; epoch < 2; ++epoch) {
    ReadReport report;
    std::set<int> seen;
    while (const auto drawn = stream.next_of_epoch(report)) seen.insert(number_of(*drawn));
    BOOST_TEST(seen.size() == 50u);
    BOOST_TEST(report.documents == 100);
    BOOST_TEST(report.broken[ProblemKind::json] == 50);
  }
}

BOOST_AUTO_TEST_CASE(data_without_a_whole_document_are_refused) {
  const Scratch scratch;
  scratch.write("broken/a.jsonl", "no json\n{}\n");
  scratch.write("empty/a.jsonl", "\n\n");
  const auto first_of = [&](const char* name) {
    return error_of([&] {
      DocumentStream stream(find_shards(scratch.path / name, DataRole::text), 0, "t");
      ReadReport report;
      stream.next(report);
    });
  };
  BOOST_TEST(first_of("broken").find("not one document that can be read; the first problem: ") !=
             std::string::npos);
  BOOST_TEST(first_of("empty").find("the source is empty") != std::string::npos);
  BOOST_TEST(error_of([] { DocumentStream({}, 0, "t"); }).find("no data source") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(wrong_positions_are_refused) {
  const Source source;
  DocumentStream stream = source.stream(1);
  StreamPosition position;
  position.next_shard = 9;
  BOOST_TEST(error_of([&] { stream.seek(position); }).find("the data are others") != std::string::npos);
  position.next_shard = 0;
  position.open = {{7, 0}};
  BOOST_TEST(error_of([&] { stream.seek(position); }).find("the data are others") != std::string::npos);
  for (const char* text : {"3", "{}", R"({"epoch":-1,"window":0,"next_shard":0,"open":[],"index":0})",
                           R"({"epoch":0,"window":0,"next_shard":0,"open":[[1]],"index":0})",
                           R"({"epoch":0,"window":0,"next_shard":0,"open":7,"index":"x"})"})
    BOOST_TEST(error_of([&] { StreamPosition::from_json(Json::parse(text)); }).starts_with("data position"));
}

BOOST_AUTO_TEST_SUITE_END()
