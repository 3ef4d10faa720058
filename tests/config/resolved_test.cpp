#include "config/resolved.hpp"

#include <boost/test/unit_test.hpp>

#include "config/fields.hpp"
#include "util/error.hpp"

using namespace ablate;

namespace {

/// Another legal value than the default, by the member's type.
struct OtherValue {
  const Field& field;

  double number(double present) const {
    for (const double candidate : {present / 2, field.low, present + 0.5})
      if (candidate != present && candidate >= field.low && candidate <= field.high) return candidate;
    return present;
  }
  Value operator()(const bool* member) const { return !*member; }
  Value operator()(const std::int64_t* member) const {
    return *member > field.low ? *member - 1 : *member + 1;
  }
  Value operator()(const double* member) const { return number(*member); }
  Value operator()(const std::string*) const { return std::string("some/where \"quoted\" \u00e9"); }
  Value operator()(const std::vector<double>* member) const {
    if (member->empty()) return std::vector<double>{0.5, 2};
    std::vector<double> numbers;
    for (const double present : *member) numbers.push_back(number(present));
    return numbers;
  }
  Value operator()(const std::vector<std::int64_t>*) const { return std::vector<std::int64_t>{7, 0, 1024}; }
  Value operator()(const std::vector<std::string>*) const {
    return std::vector<std::string>{"a/first", "second"};
  }
  Value operator()(const EnumListRef& member) const {
    std::vector<std::string> all = member.names();
    all.pop_back();
    return all;
  }
  Value operator()(const EnumRef& member) const {
    for (const std::string& name : member.names())
      if (name != member.get(member.member)) return name;
    return std::string();
  }
};

/// As the plan writes it: data by their content, here named after the path.
Json planned_json(const Field& field, const Experiment& experiment) {
  Value value = get_value(field, experiment);
  if (field.is_path()) {
    if (auto* path = std::get_if<std::string>(&value); path && !path->empty()) *path = "hash of " + *path;
    if (auto* paths = std::get_if<std::vector<std::string>>(&value))
      for (std::string& path : *paths) path = "hash of " + path;
  }
  return std::visit([](const auto& v) { return Json(v); }, value);
}

std::string path_of(const std::string& hash) {
  constexpr std::string_view kPrefix = "hash of ";
  if (!hash.starts_with(kPrefix)) throw Error("no path is known for " + hash);
  return hash.substr(kPrefix.size());
}

/// Through text, as a job's file is.
Experiment apply_text(const Json& config) {
  Experiment experiment;
  apply_resolved(Json::parse(config.dump()), path_of, experiment);
  return experiment;
}

std::string complaint(const Json& config) {
  try {
    apply_text(config);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(resolved_configurations)

BOOST_AUTO_TEST_CASE(every_field_that_can_change_a_result_comes_back_from_what_the_plan_writes) {
  Experiment changed;
  Json config;
  std::size_t count = 0;
  for (const Field& field : fields()) {
    if (field.stages.empty()) continue;
    BOOST_TEST_CONTEXT(field.key) {
      Experiment alone;
      const Value standard = get_value(field, alone);
      const Value other = std::visit(OtherValue{field}, field.member(alone));
      BOOST_TEST((other != standard));
      set_value(field, alone, other);
      set_value(field, changed, other);
      const Json json = planned_json(field, alone);
      config[field.section()][field.leaf()] = json;
      const Experiment got = apply_text({{field.section(), {{field.leaf(), json}}}});
      BOOST_TEST((get_value(field, got) == other));
      for (const Field& rest : fields())
        if (rest.index != field.index)
          BOOST_TEST((get_value(rest, got) == get_value(rest, Experiment{})), rest.key);
      // The default itself, too: an empty path or list, a whole number of type double.
      const Experiment again =
          apply_text({{field.section(), {{field.leaf(), planned_json(field, Experiment{})}}}});
      BOOST_TEST((get_value(field, again) == standard));
    }
    ++count;
  }
  BOOST_TEST(count > 80u);
  const Experiment got = apply_text(config);
  for (const Field& field : fields())
    BOOST_TEST((get_value(field, got) == get_value(field, changed)), field.key);
}

BOOST_AUTO_TEST_CASE(a_run_table_comes_back_too) {
  Json config;
  Experiment changed;
  for (const Field& field : fields()) {
    if (field.section() != "run") continue;
    set_value(field, changed, std::visit(OtherValue{field}, field.member(changed)));
    config["run"][field.leaf()] = planned_json(field, changed);
  }
  const Experiment got = apply_text(config);
  for (const Field& field : fields())
    BOOST_TEST((get_value(field, got) == get_value(field, changed)), field.key);
}

BOOST_AUTO_TEST_CASE(data_and_init_files_are_looked_up_by_their_content) {
  const Experiment got = apply_text({{"data", {{"text", {"hash of b", "hash of a"}}, {"tokenizer", ""}}},
                                     {"llm", {{"init", "hash of weights"}}}});
  BOOST_TEST((got.data.text == std::vector<std::string>{"b", "a"}));
  BOOST_TEST(got.data.tokenizer == "");
  BOOST_TEST(got.llm.init == "weights");
  BOOST_TEST(complaint({{"data", {{"tokenizer", "0123"}}}}) == "no path is known for 0123");
}

BOOST_AUTO_TEST_CASE(what_is_not_named_keeps_its_default) {
  const Experiment got = apply_text({{"llm", {{"width", 64}}}, {"train.vlm", Json::object()}});
  for (const Field& field : fields())
    if (field.key != "llm.width")
      BOOST_TEST((get_value(field, got) == get_value(field, Experiment{})), field.key);
  BOOST_TEST(got.llm.width == 64);
}

BOOST_AUTO_TEST_CASE(whole_numbers_do_for_numbers) {
  BOOST_TEST(apply_text({{"train.llm", {{"grad_clip", 2}}}}).train_llm.grad_clip == 2.0);
  BOOST_TEST((apply_text({{"data", {{"mix", {1, 2.5, 3}}}}}).data.mix == std::vector<double>{1, 2.5, 3}));
}

BOOST_AUTO_TEST_CASE(each_mistake_is_one_line_with_the_key_what_was_found_and_what_was_expected) {
  const std::pair<Json, const char*> cases[] = {
      {{{"llm", {{"widht", 64}}}}, "unknown key 'llm.widht'; did you mean 'llm.width'?"},
      {{{"lm", {{"width", 64}}}}, "unknown key 'lm.width'; did you mean 'llm.width'?"},
      {{{"", {{"", 64}}}}, "unknown key '.'"},
      {{{"llm", {{"width", "wide"}}}}, "'llm.width': found \"wide\"; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", true}}}}, "'llm.width': found true; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", nullptr}}}}, "'llm.width': found null; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", 64.5}}}}, "'llm.width': found 64.5; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", 64.0}}}}, "'llm.width': found 64.0; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", 1e300}}}}, "'llm.width': found 1e+300; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", 1}}}}, "'llm.width' is 1; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", -64}}}}, "'llm.width' is -64; expected an integer from 2 to 65536"},
      {{{"llm", {{"width", UINT64_MAX}}}},
       "'llm.width': found 18446744073709551615; expected an integer from 2 to 65536"},
      {{{"llm", {{"tied_head", 1}}}}, "'llm.tied_head': found 1; expected true or false"},
      {{{"llm", {{"init", 3}}}}, "'llm.init': found 3; expected a path"},
      {{{"train.llm", {{"peak_lr", "1e-3"}}}},
       "'train.llm.peak_lr': found \"1e-3\"; expected a number from 0 to 10"},
      {{{"train.llm", {{"peak_lr", false}}}},
       "'train.llm.peak_lr': found false; expected a number from 0 to 10"},
      {{{"train.llm", {{"peak_lr", -1e-3}}}},
       "'train.llm.peak_lr' is -0.001; expected a number from 0 to 10"},
      {{{"connector", {{"kind", "c-abstracter"}}}},
       "'connector.kind' has the unknown level 'c-abstracter'; did you mean 'c-abstractor'?"},
      {{{"connector", {{"kind", 3}}}},
       "'connector.kind': found 3; expected one of: average-pool, attention-pool, c-abstractor, mlp"},
      {{{"train.vlm", {{"freeze", {"decoder"}}}}}, "'train.vlm.freeze' holds the unknown name 'decoder'"},
      {{{"data", {{"mix", {1, "2", 3}}}}},
       "'data.mix': found [1,\"2\",3]; expected a list of numbers, each of at least 0"},
      {{{"data", {{"mix", 1}}}}, "'data.mix': found 1; expected a list of numbers, each of at least 0"},
      {{{"data", {{"mix", {1, -1, 1}}}}}, "'data.mix' is -1; expected a list of numbers, each of at least 0"},
      {{{"data", {{"text", "hash of a"}}}}, "'data.text': found \"hash of a\"; expected a list of paths"},
      {{{"data", {{"text", {3}}}}}, "'data.text': found [3]; expected a list of paths"},
      {{{"eval", {{"shots", {0, 2.5}}}}},
       "'eval.shots': found [0,2.5]; expected a list of integers, each from 0 to 1024"},
      {{{"eval", {{"shots", {true}}}}},
       "'eval.shots': found [true]; expected a list of integers, each from 0 to 1024"},
      {{{"eval", {{"shots", {2000}}}}},
       "'eval.shots' is 2000; expected a list of integers, each from 0 to 1024"},
      {Json::array(), "the configuration is no JSON object"},
      {nullptr, "the configuration is no JSON object"},
      {{{"llm", 3}}, "'llm' is no JSON object"},
      {{{"llm", {{"width", Json::object()}}}}, "'llm.width': found {}; expected an integer from 2 to 65536"},
  };
  for (const auto& [config, message] : cases) BOOST_TEST_CONTEXT(config.dump()) {
      const std::string found = complaint(config);
      BOOST_TEST(found.starts_with(message), found);
      BOOST_TEST(found.find('\n') == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_long_wrong_value_is_not_told_whole) {
  const std::string found = complaint({{"llm", {{"width", std::string(100000, 'x')}}}});
  BOOST_TEST(found.size() < 200u);
  BOOST_TEST(found.ends_with("...; expected an integer from 2 to 65536"));
}

BOOST_AUTO_TEST_SUITE_END()
