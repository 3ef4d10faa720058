// What makes two jobs the same job, and what does not.
#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>
#include <set>

#include "config/eval_tasks.hpp"
#include "config/fields.hpp"
#include "config/names.hpp"
#include "plan/plan.hpp"
#include "plan/stages.hpp"
#include "scratch.hpp"

using namespace ablate;

namespace {

const std::string kFourStages =
    "stages = ['encoder', 'llm', 'vlm', 'eval']\n[encoder]\npreset = 'vit-ti16'\nresolution = "
    "64\n[llm]\npreset = '1m'\n"
    "[connector]\ntokens = 4\n[data]\nseq_len = 256\nencoder = ['e']\ncaptions = ['c']\ninterleaved = ['i']\n"
    "text = ['t']\ntokenizer = 'p.model'\n[eval]\ntext = ['h']\nquestions = ['q']\nepisodes = ['f']\n"
    "tasks = ['heldout-loss', 'fewshot']\n";

Plan plan_of(
    const Scratch& scratch, const std::string& experiment, const std::string& sweep,
    const Fingerprint& fingerprint = [](const std::string&, SourceKind) { return std::string(); }) {
  scratch.write("experiment.toml", experiment);
  return make_plan(load_sweep(scratch.write("sweep.toml", "experiment = 'experiment.toml'\n" + sweep)),
                   fingerprint);
}

std::set<std::string> keys(const Plan& plan, Stage stage) {
  std::set<std::string> found;
  for (const PlannedJob& job : plan.jobs)
    if (job.stage == stage) found.insert(job.key.hex());
  return found;
}

std::set<std::string> all_keys(const Plan& plan) {
  std::set<std::string> found;
  for (const PlannedJob& job : plan.jobs) found.insert(job.key.hex());
  return found;
}

std::map<std::string, std::size_t> count_stages(const Plan& plan) {
  std::map<std::string, std::size_t> counts;
  for (const PlannedJob& job : plan.jobs) ++counts[to_name(job.stage)];
  return counts;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(identity, Scratch)

BOOST_AUTO_TEST_CASE(cells_share_the_stages_they_have_in_common) {
  const Plan plan = plan_of(
      *this, kFourStages,
      "seeds = 2\n[[axis]]\nkey='connector.kind'\nlevels=['average-pool','attention-pool','c-abstractor']\n"
      "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n");
  BOOST_TEST(plan.num_replicates() == 12u);
  auto counts = count_stages(plan);
  BOOST_TEST(counts["encoder"] == 2u);
  BOOST_TEST(counts["llm"] == 2u);
  BOOST_TEST(counts["vlm"] == 12u);
  BOOST_TEST(counts["eval"] == 24u);
  for (std::size_t r = 0; r < plan.num_replicates(); ++r) {
    const auto jobs = plan.jobs_of(r);
    BOOST_REQUIRE(jobs.size() == 5u);
    const PlannedJob& vlm = plan.jobs[jobs[2]];
    BOOST_TEST((vlm.stage == Stage::vlm));
    BOOST_TEST(vlm.parents == (std::vector<std::uint32_t>{jobs[0], jobs[1]}),
               boost::test_tools::per_element());
    BOOST_TEST(plan.jobs[jobs[3]].parents == std::vector<std::uint32_t>{jobs[2]},
               boost::test_tools::per_element());
    BOOST_TEST(vlm.seed == plan.seeds[r / plan.cells.size()]);
  }
  for (const PlannedJob& job : plan.jobs) {
    const std::size_t expected = job.stage == Stage::encoder || job.stage == Stage::llm ? 6 : 1;
    BOOST_TEST(job.replicates == expected);
  }
}

BOOST_AUTO_TEST_CASE(sweeps_and_invocations_agree_on_keys) {
  const std::string axis = "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n";
  const Plan one = plan_of(*this, kFourStages, axis);
  BOOST_TEST(all_keys(one) == all_keys(plan_of(*this, kFourStages, axis)), boost::test_tools::per_element());
  const Plan other =
      plan_of(*this, kFourStages, "name='another'\n[[axis]]\nkey='connector.tokens'\nlevels=[16, 1]\n");
  BOOST_TEST(keys(one, Stage::encoder) == keys(other, Stage::encoder), boost::test_tools::per_element());
  std::size_t shared = 0;
  for (const std::string& key : keys(one, Stage::vlm)) shared += keys(other, Stage::vlm).contains(key);
  BOOST_TEST(shared == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_only_said_or_shown_differently_changes_no_key) {
  const auto reference =
      all_keys(plan_of(*this, kFourStages, "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n"));
  const auto same = [&](const std::string& experiment, const std::string& sweep) {
    return all_keys(plan_of(*this, experiment, sweep)) == reference;
  };
  // Order of the keys, spelling of numbers, comments.
  BOOST_TEST(
      same("# a comment\n[eval]\ntasks = ['heldout-loss', 'fewshot']\nepisodes = ['f']\ntext = "
           "['h']\n[data]\ntokenizer = 'p.model'\ntext = ['t']\ninterleaved = ['i']\ncaptions = "
           "['c']\nencoder = ['e']\nseq_len = 0x100\n[connector]\ntokens = +4\n"
           "[llm]\npreset = '1m'\n[encoder]\nresolution = 64\npreset = 'vit-ti16'\n",
           "[[axis]]\nlevels=[4, 16]\nkey='connector.tokens'\n"));
  // Labels, names, order of levels and axes.
  BOOST_TEST(same(kFourStages,
                  "description='x'\n[[axis]]\nname='visual tokens'\nkey='connector.tokens'\n"
                  "levels=[{label='many', value=16}, {label='few', value=4}]\n"));
  // How to run.
  BOOST_TEST(same(kFourStages + "[run]\nlog_interval=3\nmicro_batch=2\ncheckpoint_interval=7\ntimeout=9\n",
                  "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n"));
  // A value that is the default; a preset written out; a key that does not matter under this recipe.
  BOOST_TEST(
      same(kFourStages + "[train.vlm]\nbeta1=0.9\n", "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n"));
  BOOST_TEST(
      same(kFourStages, "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n[override]\nencoder.width=192\n"));
  BOOST_TEST(
      same(kFourStages,
           "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n[override]\nencoder.aim_head_layers=3\n"));
  // Not every evaluation shows examples; that of the other one may change.
  const auto shots = plan_of(
      *this, kFourStages, "[[axis]]\nkey='connector.tokens'\nlevels=[4, 16]\n[override]\neval.shots=[1]\n");
  BOOST_TEST(std::count_if(shots.jobs.begin(), shots.jobs.end(),
                           [&](const PlannedJob& job) { return !reference.contains(job.key.hex()); }) == 2);
}

namespace {

/// Makes another value of any.
struct MakeAnother {
  void operator()(bool& v) const { v = !v; }
  void operator()(std::int64_t& v) const { v += 1; }
  void operator()(double& v) const { v = v == 0 ? 0.25 : v * 0.5; }
  void operator()(std::string& v) const {
    const std::map<std::string, std::string> other = {
        {"cosine", "linear"},   {"bf16", "fp32"},       {"stretch", "crop"},
        {"gelu", "quick-gelu"}, {"adafactor", "adamw"}, {"vicuna", "chatml"},
        {"last", "sft"},        {"vlm", "sft"},         {"quadrants", "grid"}};
    v = other.count(v) ? other.at(v) : v + "x";
  }
  void operator()(std::vector<double>& v) const { v[0] += 1; }
  void operator()(std::vector<std::int64_t>& v) const { v.push_back(2); }
  void operator()(std::vector<std::string>& v) const {
    if (v.empty())
      v = {"llm"};
    else
      v.pop_back();
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_key_that_matters_changes_the_keys_of_its_stages) {
  // Each field in turn gets another value; the jobs of exactly its stages, and of those after them, get
  // other keys.
  Experiment base;
  base.stages = {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft, Stage::demo, Stage::eval};
  base.eval.tasks = {EvalTask::fewshot, EvalTask::demo_accuracy};
  // Keys that are part of a job where they are not at their defaults.
  base.data.chat_format = ChatFormat::vicuna;
  base.data.system_prompt = "Be brief.";
  base.data.sft = base.data.sft_questions = base.data.sft_text = {"s"};
  base.data.sft_shares = {1, 1, 1};
  base.llm.moe.experts = 8;
  for (const Stage stage : {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft})
    train_of(base, stage).stop_at = 10;
  base.train_vlm.sub_images = base.train_sft.sub_images = SubImages::quadrants;
  base.eval.sub_image_pictures = 1;
  std::vector<ConfigPart> parts;
  const Fingerprint fingerprint = [](const std::string& source, SourceKind) {
    return "content of " + source;
  };
  std::size_t checked = 0;
  for (const auto& loss : names_of<EncoderLoss>()) {
    for (const auto& kind : names_of<ConnectorKind>()) {
      base.encoder.loss = loss.value;
      base.connector.kind = kind.value;
      const bool has_adafactor = kind.value == ConnectorKind::mlp;
      for (const Stage stage : {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft})
        train_of(base, stage).optimizer = has_adafactor ? OptimizerKind::adafactor : OptimizerKind::adamw;
      PartTable table(parts, fingerprint);
      const auto parts_of = [&](const Experiment& experiment, Stage stage) {
        std::vector<std::uint32_t> indices;
        table.find(experiment, stage, EvalTask::fewshot, indices);
        return indices;
      };
      for (const Field& field : fields()) {
        if (field.key == "encoder.loss" || field.key == "connector.kind" || field.leaf() == "preset" ||
            (field.leaf() == "optimizer" && !has_adafactor))
          continue;
        Experiment changed = base;
        Value value = get_value(field, base);
        std::visit(MakeAnother{}, value);
        set_value(field, changed, value);
        for (const auto& stage : names_of<Stage>()) {
          // The resolution in effect is kept as encoder.resolution, also without an encoder.
          const bool applies = !field.applies || field.applies(base, stage.value) ||
                               (field.leaf() == "resolution" && field.section() != "demo");
          const bool differs = parts_of(base, stage.value) != parts_of(changed, stage.value);
          BOOST_TEST_CONTEXT(field.key << " in " << stage.name << " under " << loss.name << ", "
                                       << kind.name) {
            const auto read = eval_keys(EvalTask::fewshot);
            const bool is_read =
                stage.value != Stage::eval || std::find(read.begin(), read.end(), field.key) != read.end();
            BOOST_TEST(differs == (applies && field.stages.has(stage.value) && is_read));
          }
          ++checked;
        }
      }
    }
  }
  BOOST_TEST(checked > 10000u);
}

namespace {

/// Holds two ways of writing a recipe to being the same to a stage, or not.
struct Recipes {
  using Change = std::function<void(Experiment&)>;
  Experiment base;

  std::vector<std::string> parts_of(Stage stage, EvalTask task, const Change& change) {
    Experiment changed = base;
    change(changed);
    std::vector<ConfigPart> parts;
    const Fingerprint fingerprint = [](const std::string& source, SourceKind) {
      return "content of " + source;
    };
    PartTable table(parts, fingerprint);
    std::vector<std::uint32_t> indices;
    table.find(changed, stage, task, indices);
    std::vector<std::string> hashes;
    for (const std::uint32_t index : indices) hashes.push_back(parts[index].hash.hex());
    return hashes;
  }
  bool same(Stage stage, const Change& one, const Change& other, EvalTask task = EvalTask::heldout_loss) {
    return parts_of(stage, task, one) == parts_of(stage, task, other);
  }
};

const Recipes::Change kAsItIs = [](Experiment&) {};

}  // namespace

BOOST_AUTO_TEST_CASE(pictures_of_one_size_are_one_recipe_however_the_size_is_said) {
  Recipes recipes;
  recipes.base.encoder.resolution = 224;
  for (const auto& loss : names_of<EncoderLoss>()) {
    recipes.base.encoder.loss = loss.value;
    const auto sizes = [](std::int64_t encoder, std::int64_t vlm, std::int64_t sft) {
      return [=](Experiment& e) {
        e.encoder.resolution = encoder;
        e.train_vlm.resolution = vlm;
        e.train_sft.resolution = sft;
      };
    };
    BOOST_TEST_CONTEXT(loss.name) {
      BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, sizes(224, 224, 0)));
      BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, sizes(224, 0, 336)));
      BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, sizes(112, 224, 0)));
      BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, sizes(224, 336, 0)));
      BOOST_TEST(recipes.same(Stage::sft, kAsItIs, sizes(224, 0, 224)));
      BOOST_TEST(recipes.same(Stage::sft, sizes(224, 336, 0), sizes(224, 336, 336)));
      BOOST_TEST(!recipes.same(Stage::sft, kAsItIs, sizes(224, 336, 0)));
      BOOST_TEST(!recipes.same(Stage::sft, kAsItIs, sizes(224, 0, 336)));
      BOOST_TEST(!recipes.same(Stage::encoder, kAsItIs, sizes(112, 224, 0)));
    }
  }
}

BOOST_AUTO_TEST_CASE(captions_do_not_matter_to_encoders_that_read_none) {
  Recipes recipes;
  for (const auto& loss : names_of<EncoderLoss>()) {
    if (loss.value == EncoderLoss::none) continue;
    recipes.base.encoder.loss = loss.value;
    recipes.base.stages = {Stage::encoder, Stage::eval};
    const bool reads_none = loss.value == EncoderLoss::aim || loss.value == EncoderLoss::vae;
    const auto tokenizer = [](Experiment& e) { e.data.tokenizer = "other.model"; };
    const auto text = [](Experiment& e) { e.eval.text = e.eval.interleaved = {"held out"}; };
    BOOST_TEST_CONTEXT(loss.name) {
      BOOST_TEST(reads_none ==
                 recipes.same(Stage::encoder, kAsItIs, [](Experiment& e) { e.data.synthetic_share = 1; }));
      BOOST_TEST(reads_none == recipes.same(Stage::encoder, kAsItIs, tokenizer));
      BOOST_TEST(reads_none == recipes.same(Stage::eval, kAsItIs, tokenizer));
      BOOST_TEST(recipes.same(Stage::eval, kAsItIs, text));
      BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, [](Experiment& e) { e.data.synthetic_share = 1; }));
      BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, tokenizer));
    }
  }
}

BOOST_AUTO_TEST_CASE(what_no_stage_reads_changes_no_key) {
  Recipes recipes;
  // Sources that the mixture never draws from, and a mixture said in other numbers.
  const auto mix = [](std::vector<double> weights) { return [=](Experiment& e) { e.data.mix = weights; }; };
  BOOST_TEST(recipes.same(Stage::vlm, mix({45, 45, 10}), mix({9, 9, 2})));
  BOOST_TEST(recipes.same(Stage::vlm, mix({1, 1, 1}), mix({33, 33, 33})));
  BOOST_TEST(recipes.same(Stage::vlm, mix({29, 29, 42}), mix({0.29, 0.29, 0.42})));
  BOOST_TEST(!recipes.same(Stage::vlm, mix({45, 45, 10}), mix({45, 44, 11})));
  recipes.base.data.mix = {0, 1, 0};
  const auto unread = [](Experiment& e) {
    e.data.captions = e.data.text = {"other"};
    e.data.synthetic_share = 1;
  };
  BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, unread));
  BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, [](Experiment& e) { e.data.interleaved = {"other"}; }));
  BOOST_TEST(!recipes.same(Stage::llm, kAsItIs, unread));
  // The same parts in another order, and a part that is not there.
  const auto freeze = [](std::vector<ModelPart> parts) {
    return [=](Experiment& e) { e.train_vlm.freeze = parts; };
  };
  BOOST_TEST(recipes.same(Stage::vlm, freeze({ModelPart::encoder, ModelPart::llm}),
                          freeze({ModelPart::llm, ModelPart::encoder})));
  BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, freeze({ModelPart::encoder})));
  recipes.base.encoder.loss = EncoderLoss::none;
  BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, freeze({ModelPart::encoder})));
  BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, freeze({ModelPart::connector})));
  recipes.base = {};
  // A C-Abstractor without blocks, a rate that never falls.
  const auto width = [](Experiment& e) { e.connector.width = 7; };
  BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, width));
  recipes.base.connector.depth = 0;
  BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, width));
  const auto floor = [](Experiment& e) { e.train_llm.min_lr_ratio = 0.3; };
  BOOST_TEST(!recipes.same(Stage::llm, kAsItIs, floor));
  recipes.base.train_llm.schedule = LrSchedule::constant;
  BOOST_TEST(recipes.same(Stage::llm, kAsItIs, floor));
  // The held-out loss of a decoder is that of text; shots are measured one by one.
  recipes.base.stages = {Stage::llm, Stage::eval};
  BOOST_TEST(recipes.same(Stage::eval, kAsItIs, [](Experiment& e) { e.eval.captions = {"held out"}; }));
  BOOST_TEST(!recipes.same(Stage::eval, kAsItIs, [](Experiment& e) { e.eval.text = {"held out"}; }));
  recipes.base.stages = {Stage::vlm, Stage::eval};
  BOOST_TEST(!recipes.same(Stage::eval, kAsItIs, [](Experiment& e) { e.eval.captions = {"held out"}; }));
  const auto shots = [](std::vector<std::int64_t> numbers) {
    return [=](Experiment& e) { e.eval.shots = numbers; };
  };
  BOOST_TEST(recipes.same(Stage::eval, kAsItIs, shots({8, 0, 4, 0}), EvalTask::vqa));
  BOOST_TEST(!recipes.same(Stage::eval, kAsItIs, shots({0, 4}), EvalTask::vqa));
}

BOOST_AUTO_TEST_CASE(the_model_before_tuning_and_after_it_are_evaluated_in_one_sweep) {
  const std::string recipe =
      "stages = ['encoder', 'llm', 'vlm', 'sft', 'eval']\n" + kFourStages.substr(kFourStages.find('\n') + 1);
  const Plan plan =
      plan_of(*this, recipe, "[[axis]]\nkey='eval.of'\nlevels=['vlm', 'sft']\n[override]\ndata.sft=['s']\n");
  BOOST_TEST(plan.num_replicates() == 2u);
  auto counts = count_stages(plan);
  BOOST_TEST(counts["vlm"] == 1u);
  BOOST_TEST(counts["sft"] == 1u);
  BOOST_TEST(counts["eval"] == 4u);
  for (std::size_t r = 0; r < 2; ++r)
    for (const std::uint32_t job : plan.jobs_of(r))
      if (plan.jobs[job].stage == Stage::eval)
        BOOST_TEST((plan.jobs[plan.jobs[job].parents.at(0)].stage == (r == 0 ? Stage::vlm : Stage::sft)));
  // Those of vlm are the jobs of the recipe without tuning.
  const std::set<std::string> untuned = keys(plan_of(*this, kFourStages, ""), Stage::eval),
                              both = keys(plan, Stage::eval);
  for (const std::string& key : untuned) BOOST_TEST(both.count(key) == 1u);
}

BOOST_AUTO_TEST_CASE(keys_that_came_later_leave_jobs_at_their_defaults_as_they_were) {
  Recipes recipes;
  recipes.base.data.sft = {"s"};
  for (const Stage stage : {Stage::encoder, Stage::llm, Stage::vlm, Stage::sft}) {
    const Recipes::Change adafactor = [&](Experiment& e) {
      train_of(e, stage).optimizer = OptimizerKind::adafactor;
    };
    BOOST_TEST(!recipes.same(stage, kAsItIs, adafactor));
    // AdamW's keys do not matter to it.
    BOOST_TEST(recipes.same(stage, adafactor, [&](Experiment& e) {
      adafactor(e);
      train_of(e, stage).beta2 = 0.5;
    }));
  }
  BOOST_TEST(recipes.same(Stage::sft, kAsItIs, [](Experiment& e) { e.data.sft_instruction = "One word."; }));
  const auto shares = [](double first, double second) {
    return [=](Experiment& e) {
      e.data.sft_questions = {"q"};
      e.data.sft_shares = {first, second};
    };
  };
  BOOST_TEST(recipes.same(Stage::sft, shares(1, 3), shares(25, 75)));
  BOOST_TEST(!recipes.same(Stage::sft, shares(1, 3), shares(3, 1)));
  std::vector<ConfigPart> parts;
  const Fingerprint fingerprint = [](const std::string& source, SourceKind) {
    return "content of " + source;
  };
  PartTable table(parts, fingerprint);
  std::vector<std::uint32_t> indices;
  table.find(recipes.base, Stage::sft, EvalTask::heldout_loss, indices);
  for (const ConfigPart& part : parts)
    for (const char* key : {"chat_format", "system_prompt", "sft_questions", "sft_text", "sft_shares",
                            "sft_instruction", "optimizer", "sub_images", "sub_image_pictures"})
      BOOST_TEST(part.json.find(key) == std::string::npos, part.json);
}

BOOST_AUTO_TEST_CASE(sub_images_matter_to_the_stage_that_has_them) {
  Recipes recipes;
  const Recipes::Change vlm = [](Experiment&e) { e.train_vlm.sub_images = SubImages::quadrants; },
                        sft = [](Experiment&e) { e.train_sft.sub_images = SubImages::quadrants; };
  BOOST_TEST(!recipes.same(Stage::vlm, kAsItIs, vlm));
  BOOST_TEST(recipes.same(Stage::vlm, kAsItIs, sft));
  BOOST_TEST(!recipes.same(Stage::sft, kAsItIs, sft));
  BOOST_TEST(recipes.same(Stage::encoder, kAsItIs, vlm));
  const Recipes::Change last = [](Experiment& e) { e.eval.sub_image_pictures = 1; };
  BOOST_TEST(recipes.same(Stage::eval, kAsItIs, last, EvalTask::vqa));  // There are none to leave out.
  vlm(recipes.base);
  BOOST_TEST(!recipes.same(Stage::eval, kAsItIs, last, EvalTask::vqa));
  BOOST_TEST(recipes.same(Stage::eval, kAsItIs, last, EvalTask::heldout_loss));
}

BOOST_AUTO_TEST_CASE(experts_matter_from_the_stage_that_has_them) {
  Recipes recipes;
  const auto experts = [](std::int64_t number, Upcycle upcycle) {
    return [=](Experiment& e) {
      e.llm.moe.experts = number;
      e.llm.moe.upcycle = upcycle;
    };
  };
  // Dense models are the jobs that they were before there were experts: no key of [llm.moe] is theirs.
  const auto dense_but_said = [](Experiment& e) {
    e.llm.moe = {.experts = 0, .every = 7, .top_k = 1, .capacity_factor = 9, .upcycle = Upcycle::none};
  };
  for (const Stage stage : {Stage::llm, Stage::vlm, Stage::sft}) {
    BOOST_TEST(recipes.same(stage, kAsItIs, dense_but_said));
    BOOST_TEST(recipes.same(stage, kAsItIs, experts(8, Upcycle::vlm)) == (stage == Stage::llm));
    BOOST_TEST(recipes.same(stage, kAsItIs, experts(8, Upcycle::sft)) == (stage != Stage::sft));
    BOOST_TEST(!recipes.same(stage, kAsItIs, experts(8, Upcycle::none)));
    BOOST_TEST(!recipes.same(stage, experts(8, Upcycle::llm), experts(8, Upcycle::none)));
  }
}

BOOST_AUTO_TEST_CASE(dense_and_sparse_cells_share_the_dense_stage_before_upcycling) {
  const Plan plan = plan_of(
      *this, kFourStages, "[[axis]]\nkey='llm.moe.experts'\nlevels=[0, 4, 8]\n[override]\nllm.moe.every=1\n");
  auto counts = count_stages(plan);
  BOOST_TEST(counts["encoder"] == 1u);
  BOOST_TEST(counts["llm"] == 1u);
  BOOST_TEST(counts["vlm"] == 3u);
  const Plan dense = plan_of(*this, kFourStages, "");
  for (const std::string& key : all_keys(dense)) BOOST_TEST(all_keys(plan).count(key) == 1u);
  const Plan late = plan_of(*this, kFourStages,
                            "[[axis]]\nkey='llm.moe.experts'\nlevels=[0, 4, 8]\n[override]\nllm.moe.every=1\n"
                            "llm.moe.upcycle='none'\n");
  counts = count_stages(late);
  BOOST_TEST(counts["llm"] == 3u);
}

BOOST_AUTO_TEST_CASE(only_recipes_whose_results_the_code_changed_have_another_version) {
  Experiment e;
  for (const auto& loss : names_of<EncoderLoss>()) {
    e.encoder.loss = loss.value;
    const int of_encoder = loss.value == EncoderLoss::aim ? 2 : 1;
    BOOST_TEST(stage_version(e, Stage::encoder) == of_encoder);
    BOOST_TEST(stage_version(e, Stage::vlm) == of_encoder);
    BOOST_TEST(stage_version(e, Stage::llm) == 1);
  }
  BOOST_TEST(stage_version(e, Stage::sft) == 3);
  // Their metric "loss" had the z-loss in it.
  e.train_llm.z_loss = e.train_vlm.z_loss = e.train_sft.z_loss = 1e-4;
  BOOST_TEST(stage_version(e, Stage::llm) == 3);
  BOOST_TEST(stage_version(e, Stage::sft) == 5);
  BOOST_TEST(stage_version(e, Stage::vlm) == 3);
  e.encoder.loss = EncoderLoss::aim;
  BOOST_TEST(stage_version(e, Stage::vlm) == 4);
  BOOST_TEST(stage_version(e, Stage::encoder) == 2);
}

BOOST_AUTO_TEST_CASE(data_counts_by_its_content_not_by_its_path) {
  const std::string with_data = kFourStages;
  const auto keys_with = [&](const std::string& source, const std::string& content) {
    return all_keys(plan_of(*this, with_data, "[override]\ndata.captions=['" + source + "']\n",
                            [&](const std::string&, SourceKind) { return content; }));
  };
  BOOST_TEST((keys_with("here", "1") == keys_with("there", "1")));
  BOOST_TEST((keys_with("here", "1") != keys_with("here", "2")));
  const Plan missing = plan_of(*this, with_data, "[override]\ndata.captions=['nowhere']\n");
  const auto& paths = missing.missing_data;
  BOOST_TEST(std::count(paths.begin(), paths.end(), (path / "nowhere").string()) == 1);
}

BOOST_AUTO_TEST_CASE(seed_and_parents_are_part_of_the_key) {
  const Plan plan = plan_of(*this, kFourStages, "seeds = [3, 9]\n");
  BOOST_TEST(all_keys(plan).size() == 10u);
  const Plan longer = plan_of(*this, kFourStages + "[train.encoder]\nsteps = 124999\n", "seeds = [3, 9]\n");
  BOOST_TEST((keys(plan, Stage::llm) == keys(longer, Stage::llm)));
  for (const Stage stage : {Stage::encoder, Stage::vlm, Stage::eval})
    for (const std::string& key : keys(plan, stage)) BOOST_TEST(!keys(longer, stage).contains(key));
}

BOOST_AUTO_TEST_CASE(a_key_is_the_hash_of_canonical_json) {
  const Plan plan = plan_of(*this, "stages = ['demo']\n", "");
  BOOST_REQUIRE(plan.parts.size() == 1u);
  const ConfigPart& part = plan.parts[0];
  BOOST_TEST(part.json == R"({"batch":32,"noise":0.5,"peak_lr":0.1,"resolution":8,"steps":300,"width":32})");
  BOOST_TEST(part.hash.hex() == hash128("demo\n" + part.json).hex());
  BOOST_TEST(plan.jobs[0].key.hex() ==
             hash128(R"({"config":{"demo":")" + part.hash.hex() +
                     R"("},"parents":[],"seed":0,"stage":"demo","task":"","version":3})")
                 .hex());
}

BOOST_AUTO_TEST_CASE(adding_an_evaluation_retrains_nothing) {
  const auto with_tasks = [&](const std::string& tasks) {
    return plan_of(*this, kFourStages, "[override]\neval.tasks = " + tasks + "\n");
  };
  const Plan two = with_tasks("['heldout-loss', 'fewshot']"),
             three = with_tasks("['fewshot', 'vqa', 'heldout-loss']");
  std::size_t added = 0;
  for (const std::string& key : all_keys(three)) added += !all_keys(two).contains(key);
  BOOST_TEST(added == 1u);
}

BOOST_AUTO_TEST_CASE(without_an_encoder_there_is_no_encoder_stage) {
  const Plan plan = plan_of(*this, kFourStages, "[[axis]]\nkey='encoder.loss'\nlevels=['clip','none']\n");
  auto counts = count_stages(plan);
  BOOST_TEST(counts["encoder"] == 1u);
  BOOST_TEST(counts["vlm"] == 2u);
}

namespace {

/// The vlm job of each cell.
std::vector<PlannedJob> vlm_jobs(const Plan& plan) {
  std::vector<PlannedJob> jobs;
  for (std::size_t replicate = 0; replicate < plan.num_replicates(); ++replicate)
    for (const std::uint32_t job : plan.jobs_of(replicate))
      if (plan.jobs[job].stage == Stage::vlm) jobs.push_back(plan.jobs[job]);
  return jobs;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_stage_that_stops_at_its_end_is_the_one_that_does_not_stop) {
  const std::string override = "[override]\ntrain.vlm.steps = 200\ntrain.vlm.warmup_steps = 10\n";
  const Plan plain = plan_of(*this, kFourStages, override);
  const std::string at = override + "train.vlm.stop_at = ";
  BOOST_TEST(all_keys(plan_of(*this, kFourStages, at + "0\n")) == all_keys(plain),
             boost::test_tools::per_element());
  BOOST_TEST(all_keys(plan_of(*this, kFourStages, at + "200\n")) == all_keys(plain),
             boost::test_tools::per_element());
  const Plan shorter = plan_of(*this, kFourStages, at + "50\n");
  BOOST_TEST(keys(shorter, Stage::llm) == keys(plain, Stage::llm), boost::test_tools::per_element());
  BOOST_CHECK(vlm_jobs(shorter)[0].key != vlm_jobs(plain)[0].key);
  BOOST_CHECK(vlm_jobs(shorter)[0].trajectory == vlm_jobs(plain)[0].trajectory);
  BOOST_TEST(vlm_jobs(shorter)[0].steps == 50);
}

BOOST_AUTO_TEST_CASE(cells_of_one_run_cost_what_the_longest_costs) {
  const Plan plan = plan_of(*this, kFourStages,
                            "[override]\ntrain.vlm.steps = 200\ntrain.vlm.warmup_steps = 10\n"
                            "[[axis]]\nkey='train.vlm.stop_at'\nlevels=[0, 5, 145, 45]\n");
  const std::vector<PlannedJob> jobs = vlm_jobs(plan);  // 200, 5, 145, 45 steps
  BOOST_REQUIRE(jobs.size() == 4u);
  BOOST_TEST(jobs[0].first_step == 145);
  BOOST_TEST(jobs[1].first_step == 0);
  BOOST_CHECK(!jobs[1].goes_on_from);
  BOOST_TEST(jobs[2].first_step == 45);
  BOOST_TEST(jobs[3].first_step == 5);
  BOOST_CHECK(plan.jobs[*jobs[0].goes_on_from].key == jobs[2].key);
  double flops = 0;
  for (const PlannedJob& job : jobs) flops += job.flops_to_run();
  BOOST_TEST(flops == jobs[0].cost.flops, boost::test_tools::tolerance(1e-12));
  // Seeds are no parts of one run.
  const Plan seeds = plan_of(*this, kFourStages, "seeds = 2\n");
  for (const PlannedJob& job : vlm_jobs(seeds)) BOOST_TEST(job.first_step == 0);
}

BOOST_AUTO_TEST_CASE(with_a_constant_rate_fewer_steps_are_an_earlier_stop) {
  const std::string constant = "[override]\ntrain.vlm.schedule = 'constant'\ntrain.vlm.warmup_steps = 10\n";
  const Plan steps = plan_of(*this, kFourStages, constant + "train.vlm.steps = 50\n");
  const Plan stop = plan_of(*this, kFourStages, constant + "train.vlm.steps = 200\ntrain.vlm.stop_at = 50\n");
  BOOST_TEST(all_keys(steps) == all_keys(stop), boost::test_tools::per_element());
  const std::string axis = "[[axis]]\nkey='train.vlm.steps'\nlevels=[50, 200]\n";
  BOOST_TEST(vlm_jobs(plan_of(*this, kFourStages, constant + axis))[1].first_step == 50);
  // A cosine is another one.
  BOOST_TEST(vlm_jobs(plan_of(*this, kFourStages, "[override]\ntrain.vlm.warmup_steps = 10\n" + axis))[1]
                 .first_step == 0);
}

BOOST_AUTO_TEST_SUITE_END()
