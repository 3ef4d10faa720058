#include "data/loader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/source.hpp"

namespace ablate {

namespace {

constexpr std::size_t kNamedProblems = 20;

/// Items ahead of the consumer: two for each thread keep all of them busy.
std::size_t items_ahead(std::size_t threads) { return 2 * threads + 1; }

}  // namespace

void DataTally::add(const ReadReport& report) {
  documents_ += report.documents;
  for (const auto& [kind, count] : report.broken) {
    problems_[to_name(kind)] += count;
    broken_ += count;
  }
  for (const Problem& problem : report.first)
    if (first_.size() < kNamedProblems) first_.push_back(to_text(problem));
  if (broken_ > few_broken_ &&
      static_cast<double>(broken_) > max_broken_share_ * static_cast<double>(documents_))
    throw DataError(fmt::format(
        "{} of {} documents are broken, more than run.max_broken_share = {} allows; the first: {}", broken_,
        documents_, max_broken_share_, first_.empty() ? "" : first_.front()));
}

void DataTally::add(const Sequence& sequence) {
  RoleCounts& counts = roles_[to_name(sequence.role)];
  ++counts.sequences;
  positions_ += static_cast<std::int64_t>(sequence.tokens.size());
  counts.images += static_cast<std::int64_t>(sequence.images.size());
  counts.tokens += std::count_if(sequence.documents.begin(), sequence.documents.end(),
                                 [](std::int32_t document) { return document >= 0; });
  counts.targets += std::count_if(sequence.labels.begin(), sequence.labels.end(),
                                  [](std::int32_t label) { return label != kNoTarget; });
  add(sequence.report);
}

void DataTally::add(const Pair& pair) { add(pair.report); }

std::vector<std::pair<std::string, double>> DataTally::metrics() const {
  RoleCounts all;
  for (const auto& [role, counts] : roles_) {
    all.sequences += counts.sequences;
    all.tokens += counts.tokens;
    all.targets += counts.targets;
    all.images += counts.images;
  }
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  std::vector<std::pair<std::string, double>> values;
  for (const auto& [role, counts] : roles_) {
    values.emplace_back("sequence_share_" + role, share(counts.sequences, all.sequences));
    values.emplace_back("token_share_" + role, share(counts.tokens, all.tokens));
    values.emplace_back("target_share_" + role, share(counts.targets, all.targets));
    values.emplace_back("image_share_" + role, share(counts.images, all.images));
  }
  if (positions_ > 0) values.emplace_back("fill", share(all.tokens, positions_));
  values.emplace_back("broken_documents", static_cast<double>(broken_));
  return values;
}

Json DataTally::to_json() const {
  Json roles = Json::object();
  for (const auto& [role, counts] : roles_)
    roles[role] = {counts.sequences, counts.tokens, counts.targets, counts.images};
  return {{"documents", documents_}, {"broken", broken_},     {"positions", positions_},
          {"roles", roles},          {"problems", problems_}, {"first_problems", first_}};
}

void DataTally::restore(const Json& json) {
  try {
    documents_ = json.at("documents").get<std::int64_t>();
    broken_ = json.at("broken").get<std::int64_t>();
    positions_ = json.at("positions").get<std::int64_t>();
    roles_.clear();
    for (const auto& [role, counts] : json.at("roles").items())
      roles_[role] = {counts.at(0).get<std::int64_t>(), counts.at(1).get<std::int64_t>(),
                      counts.at(2).get<std::int64_t>(), counts.at(3).get<std::int64_t>()};
    problems_ = json.at("problems").get<decltype(problems_)>();
    first_ = json.at("first_problems").get<decltype(first_)>();
  } catch (const Json::exception&) {
    throw Error("data tally: a count is missing or of a wrong type");
  }
}

SequenceLoader::SequenceLoader(MixtureSettings mixture, std::shared_ptr<const Tokenizer> tokenizer,
                               LoaderSettings settings, const MixturePosition* from)
    : mixture_(std::move(mixture), tokenizer, from),
      tokenizer_(std::move(tokenizer)),
      tally_(settings.max_broken_share),
      loader_([this] { return mixture_.next(); },
              [this](SequencePlan plan) {
                return load_sequence(std::move(plan), mixture_.settings(), tokenizer_->special());
              },
              settings.threads, items_ahead(settings.threads)) {}

Sequence SequenceLoader::next() {
  Sequence sequence = loader_.next();
  tally_.add(sequence);
  return sequence;
}

PairLoader::PairLoader(PairSettings pairs, std::shared_ptr<const Tokenizer> tokenizer,
                       LoaderSettings settings, const StreamPosition* from)
    : source_(pairs, from),
      settings_(std::move(pairs)),
      tokenizer_(std::move(tokenizer)),
      tally_(settings.max_broken_share),
      loader_([this] { return source_.next(); },
              [this](PairPlan plan) { return load_pair(std::move(plan), settings_, tokenizer_.get()); },
              settings.threads, items_ahead(settings.threads)) {
  if (settings_.context > 0 && !tokenizer_)
    throw Error("data.tokenizer: no model is named, but captions need one");
}

Pair PairLoader::next() {
  while (true) {
    Pair pair = loader_.next();
    tally_.add(pair);
    if (!pair.pixels.empty()) return pair;
  }
}

}  // namespace ablate
