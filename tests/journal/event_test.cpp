#include "journal/event.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

namespace {

using namespace ablate;

LineKind parse(const std::string& line) {
  Event event;
  return parse_event(line, event);
}

bool is_malformed(const std::string& line) { return parse(line) == LineKind::malformed; }

Event round_trip(const Event& event) {
  Event read;
  BOOST_REQUIRE(parse_event(format_event(event), read) == LineKind::event);
  return read;
}

/// A metric line with one field's text replaced.
std::string metric_line(const std::string& seq = "1", const std::string& step = "2",
                        const std::string& values = R"({"loss":1.5})") {
  return R"({"seq":)" + seq + R"(,"time":10.5,"event":"metric","step":)" + step + R"(,"values":)" + values +
         "}";
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_kind_of_event_reads_back_as_it_was_written) {
  const StartedEvent started{
      .attempt = 3, .step = 100, .total_steps = 500, .detail = {{"pid", 42}, {"host", "node1"}}};
  const Event read = round_trip({.seq = 1, .time = 1700000000.25, .what = started});
  BOOST_TEST(read.seq == 1);
  BOOST_TEST(read.time == 1700000000.25);
  BOOST_CHECK(read.kind() == EventKind::started);
  BOOST_TEST_REQUIRE(read.find<StartedEvent>());
  BOOST_TEST(!read.find<MetricEvent>());
  BOOST_TEST(read.find<StartedEvent>()->attempt == 3);
  BOOST_TEST(read.step().value() == 100);
  BOOST_TEST(read.find<StartedEvent>()->total_steps == 500);
  BOOST_TEST(read.find<StartedEvent>()->detail == started.detail);

  const Event metric{.seq = 2, .what = MetricEvent{110, {{"loss", 0.1}, {"lr", 1e-5}, {"tokens", 3.0}}}};
  BOOST_CHECK(std::get<MetricEvent>(round_trip(metric).what).values ==
              std::get<MetricEvent>(metric.what).values);
  BOOST_TEST(round_trip(metric).step().value() == 110);
  BOOST_TEST(
      format_event(metric) ==
      R"({"seq":2,"time":0.000000,"event":"metric","step":110,"values":{"loss":0.1,"lr":1e-05,"tokens":3}})");

  const Event checkpoint{.seq = 3, .what = CheckpointEvent{200, "checkpoints/200 \"new\""}};
  BOOST_TEST(std::get<CheckpointEvent>(round_trip(checkpoint).what).path == "checkpoints/200 \"new\"");
  BOOST_TEST(round_trip(checkpoint).step().value() == 200);

  ScoreEvent score{.name = "fewshot/4", .value = 0.625, .n = 1000};
  BOOST_CHECK(!std::get<ScoreEvent>(round_trip({.seq = 4, .what = score}).what).standard_error);
  score.standard_error = 0.01;
  const Event scored = round_trip({.seq = 4, .what = score});
  BOOST_CHECK(!scored.step());
  BOOST_TEST(scored.find<ScoreEvent>()->name == "fewshot/4");
  BOOST_TEST(scored.find<ScoreEvent>()->value == 0.625);
  BOOST_TEST(scored.find<ScoreEvent>()->n == 1000);
  BOOST_TEST(scored.find<ScoreEvent>()->standard_error.value() == 0.01);
  BOOST_TEST(scored.find<ScoreEvent>()->outcomes == "");
  score.outcomes = "0123456789abcdef0123456789abcdef";
  BOOST_TEST(round_trip({.seq = 4, .what = score}).find<ScoreEvent>()->outcomes == score.outcomes);
  score.outcomes = "../outcomes";
  BOOST_TEST(is_malformed(format_event({.seq = 4, .what = score})));

  const FailedEvent failed{
      .step = 7, .failure = FailureKind::out_of_memory, .message = "CUDA out of memory\nat layer 3"};
  const Event ended = round_trip({.seq = 5, .what = failed});
  BOOST_CHECK(ended.find<FailedEvent>()->failure == FailureKind::out_of_memory);
  BOOST_TEST(ended.find<FailedEvent>()->message == failed.message);
  BOOST_TEST(ended.step().value() == 7);

  BOOST_TEST(round_trip({.seq = 6, .what = FinishedEvent{500}}).step().value() == 500);
  BOOST_CHECK(round_trip({.seq = 6, .what = FinishedEvent{500}}).kind() == EventKind::finished);
}

BOOST_AUTO_TEST_CASE(each_kind_of_event_has_its_own_line) {
  const auto line = [](const auto& what) { return format_event({.seq = 1, .time = 2, .what = what}); };
  BOOST_TEST(
      line(StartedEvent{1, 2, 3, {{"pid", 4}}}) ==
      R"({"seq":1,"time":2.000000,"event":"started","attempt":1,"step":2,"total_steps":3,"detail":{"pid":4}})");
  BOOST_TEST(line(CheckpointEvent{2, "a"}) ==
             R"({"seq":1,"time":2.000000,"event":"checkpoint","step":2,"path":"a"})");
  BOOST_TEST(line(ScoreEvent{"s", 0.5, 3, 0.25}) ==
             R"({"seq":1,"time":2.000000,"event":"score","name":"s","value":0.5,"n":3,"stderr":0.25})");
  BOOST_TEST(line(FinishedEvent{2, {{"a", 1}}}) ==
             R"({"seq":1,"time":2.000000,"event":"finished","step":2,"detail":{"a":1}})");
  BOOST_TEST(line(FailedEvent{2, FailureKind::data, "m"}) ==
             R"({"seq":1,"time":2.000000,"event":"failed","step":2,"failure":"data","message":"m"})");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_written_as_text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Event metric{.seq = 1,
                     .what = MetricEvent{0, {{"a", std::nan("")}, {"b", kInfinity}, {"c", -kInfinity}}}};
  BOOST_TEST(format_event(metric).find(R"({"a":"NaN","b":"Infinity","c":"-Infinity"})") != std::string::npos);
  const auto values = std::get<MetricEvent>(round_trip(metric).what).values;
  BOOST_CHECK(std::isnan(values.at(0).second));
  BOOST_TEST(values.at(1).second == kInfinity);
  BOOST_TEST(values.at(2).second == -kInfinity);
}

BOOST_AUTO_TEST_CASE(a_message_is_cut_and_its_invalid_bytes_are_replaced) {
  const std::string message = "bad \xff byte " + std::string(3 * kMaxMessageBytes, 'x');
  const Event read = round_trip({.seq = 1, .what = FailedEvent{0, FailureKind::error, message}});
  BOOST_TEST(read.find<FailedEvent>()->message.size() < kMaxMessageBytes + 16);
  BOOST_TEST(read.find<FailedEvent>()->message.starts_with("bad \xef\xbf\xbd byte xx"));
}

BOOST_AUTO_TEST_CASE(an_event_of_a_newer_worker_is_unknown_whatever_its_fields) {
  Event event;
  BOOST_CHECK(parse_event(R"({"seq":7,"time":1,"event":"heartbeat","step":"none","values":[1]})", event) ==
              LineKind::unknown_event);
  BOOST_TEST(event.seq == 7);
}

BOOST_AUTO_TEST_CASE(fields_that_nobody_knows_are_passed_over) {
  Event event;
  const std::string line =
      R"({"extra":{"a":[1,{"seq":9}],"values":{"x":1}},"seq":1,"time":1,"event":"metric","step":2,"values":{"loss":3},"z":null})";
  BOOST_CHECK(parse_event(line, event) == LineKind::event);
  BOOST_TEST(event.seq == 1);
  BOOST_TEST_REQUIRE(event.find<MetricEvent>());
  BOOST_TEST(event.find<MetricEvent>()->values.size() == 1u);
  BOOST_TEST(event.find<MetricEvent>()->values.at(0).second == 3.0);
}

BOOST_AUTO_TEST_CASE(what_is_no_json_object_is_malformed) {
  for (const char* line :
       {"", " ", "nonsense", "null", "3", "\"text\"", "[]", "[{}]", "{", "{}", "{\"seq\":1}",
        "{\"seq\":1,\"time\":1,\"event\":\"metric\"", "{\"seq\":1}}", "// {}", "NaN"})
    BOOST_TEST(is_malformed(line), line);
  BOOST_TEST(!is_malformed(metric_line()));
  BOOST_TEST(is_malformed(metric_line() + "x"));
  BOOST_TEST(is_malformed(metric_line() + metric_line()));
}

BOOST_AUTO_TEST_CASE(a_missing_or_mistyped_field_makes_a_line_malformed) {
  for (const char* seq : {"0", "-1", "1.0", "\"1\"", "null", "true", "[1]", "{}", "9223372036854775807",
                          "18446744073709551615", "1e999", "99999999999999999999999999"})
    BOOST_TEST(is_malformed(metric_line(seq)), seq);
  for (const char* step : {"-1", "0.5", "\"3\"", "null", "[]", "1e3", "9007199254740993"})
    BOOST_TEST(is_malformed(metric_line("1", step)), step);
  for (const char* values : {"[]", "3", "null", "{\"loss\":null}", "{\"loss\":true}", "{\"loss\":\"low\"}",
                             "{\"loss\":[1]}", "{\"loss\":{\"a\":1}}", "{\"\":1}", "{\"a\\u0000b\":1}",
                             "{\"a\\nb\":1}", "{\"loss\":1e999}", "{\"loss\":NaN}"})
    BOOST_TEST(is_malformed(metric_line("1", "2", values)), values);
  BOOST_TEST(is_malformed(metric_line("1", "2", "{\"" + std::string(kMaxNameBytes + 1, 'a') + "\":1}")));
  BOOST_TEST(is_malformed(R"({"seq":1,"event":"metric","step":2,"values":{}})"));  // no time
  BOOST_TEST(is_malformed(R"({"seq":1,"time":1,"event":"metric","values":{}})"));  // no step
  BOOST_TEST(is_malformed(R"({"seq":1,"time":1,"event":"started","step":0})"));    // no attempt
  BOOST_TEST(is_malformed(R"({"seq":1,"time":1,"event":"started","attempt":1,"step":0,"detail":3})"));
  BOOST_TEST(is_malformed(R"({"seq":1,"time":1,"event":"score","name":"a"})"));  // no value
  BOOST_TEST(is_malformed(R"({"seq":1,"time":1,"event":"failed","failure":"tired"})"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_must_lie_inside_its_attempts_folder) {
  const auto line = [](const std::string& path) {
    return R"({"seq":1,"time":1,"event":"checkpoint","step":5,"path":")" + path + "\"}";
  };
  BOOST_TEST(!is_malformed(line("checkpoints/5")));
  for (const char* path : {"", "/etc/passwd", "..", "a/../../b", "a\\u0000b"})
    BOOST_TEST(is_malformed(line(path)), path);
}

BOOST_AUTO_TEST_CASE(hostile_bytes_are_malformed_and_harm_nothing) {
  BOOST_TEST(is_malformed(metric_line() + std::string(1, '\0')));
  BOOST_TEST(is_malformed(std::string("{}\0", 3)));
  BOOST_TEST(is_malformed(metric_line("1", "2", "{\"lo\xffss\":1}")));
  BOOST_TEST(is_malformed(metric_line("1", "2", "{\"lo\xc0\xafss\":1}")));
  const std::string deep(500'000, '[');
  BOOST_TEST(is_malformed(deep));
  BOOST_TEST(is_malformed("{\"detail\":" + deep));
  std::string nested = R"({"seq":1,"time":1,"event":"finished","step":1,"detail":{"a":)";
  BOOST_TEST(!is_malformed(nested + std::string(29, '[') + std::string(29, ']') + "}}"));
  BOOST_TEST(is_malformed(nested + std::string(40, '[') + std::string(40, ']') + "}}"));
}

BOOST_AUTO_TEST_CASE(a_malformed_line_still_tells_its_number_where_it_has_one) {
  Event event;
  BOOST_CHECK(parse_event(R"({"seq":12,"time":1,"event":"metric","step":"x"})", event) ==
              LineKind::malformed);
  BOOST_TEST(event.seq == 12);
}
