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
  Event started;
  started.seq = 1;
  started.time = 1700000000.25;
  started.kind = EventKind::started;
  started.attempt = 3;
  started.step = 100;
  started.total_steps = 500;
  started.detail = {{"pid", 42}, {"host", "node1"}};
  const Event read = round_trip(started);
  BOOST_TEST(read.seq == 1);
  BOOST_TEST(read.time == 1700000000.25);
  BOOST_TEST(read.attempt == 3);
  BOOST_TEST(read.step == 100);
  BOOST_TEST(read.total_steps == 500);
  BOOST_TEST(read.detail == started.detail);

  Event metric;
  metric.seq = 2;
  metric.step = 110;
  metric.values = {{"loss", 0.1}, {"lr", 1e-5}, {"tokens", 3.0}};
  BOOST_CHECK(round_trip(metric).values == metric.values);
  BOOST_TEST(
      format_event(metric) ==
      R"({"seq":2,"time":0.000000,"event":"metric","step":110,"values":{"loss":0.1,"lr":1e-05,"tokens":3}})");

  Event checkpoint;
  checkpoint.seq = 3;
  checkpoint.kind = EventKind::checkpoint;
  checkpoint.step = 200;
  checkpoint.path = "checkpoints/200 \"new\"";
  BOOST_TEST(round_trip(checkpoint).path == checkpoint.path);

  Event score;
  score.seq = 4;
  score.kind = EventKind::score;
  score.name = "fewshot/4";
  score.value = 0.625;
  score.n = 1000;
  BOOST_CHECK(!round_trip(score).standard_error);
  score.standard_error = 0.01;
  BOOST_TEST(round_trip(score).name == "fewshot/4");
  BOOST_TEST(round_trip(score).value == 0.625);
  BOOST_TEST(round_trip(score).n == 1000);
  BOOST_TEST(round_trip(score).standard_error.value() == 0.01);

  Event failed;
  failed.seq = 5;
  failed.kind = EventKind::failed;
  failed.failure = FailureKind::out_of_memory;
  failed.message = "CUDA out of memory\nat layer 3";
  BOOST_CHECK(round_trip(failed).failure == FailureKind::out_of_memory);
  BOOST_TEST(round_trip(failed).message == failed.message);

  Event finished;
  finished.seq = 6;
  finished.kind = EventKind::finished;
  finished.step = 500;
  BOOST_TEST(round_trip(finished).step == 500);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_written_as_text) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Event metric;
  metric.seq = 1;
  metric.values = {{"a", std::nan("")}, {"b", kInfinity}, {"c", -kInfinity}};
  BOOST_TEST(format_event(metric).find(R"({"a":"NaN","b":"Infinity","c":"-Infinity"})") != std::string::npos);
  const Event read = round_trip(metric);
  BOOST_CHECK(std::isnan(read.values.at(0).second));
  BOOST_TEST(read.values.at(1).second == kInfinity);
  BOOST_TEST(read.values.at(2).second == -kInfinity);
}

BOOST_AUTO_TEST_CASE(a_message_is_cut_and_its_invalid_bytes_are_replaced) {
  Event failed;
  failed.seq = 1;
  failed.kind = EventKind::failed;
  failed.message = "bad \xff byte " + std::string(3 * kMaxMessageBytes, 'x');
  const Event read = round_trip(failed);
  BOOST_TEST(read.message.size() < kMaxMessageBytes + 16);
  BOOST_TEST(read.message.starts_with("bad \xef\xbf\xbd byte xx"));
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
  BOOST_TEST(event.values.size() == 1u);
  BOOST_TEST(event.values.at(0).second == 3.0);
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
