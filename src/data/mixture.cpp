#include "data/mixture.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "data/packing.hpp"
#include "data/pairs.hpp"
#include "data/source.hpp"

namespace ablate {

namespace {

/// 2^64 divided by the golden ratio: multiples of it, modulo 2^64, fill the circle more evenly than any other
/// sequence of that form (Knuth, The Art of Computer Programming 3, 6.4, theorem S).
constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;

std::int64_t picture_bytes(const Picture& picture) {
  const auto* encoded = std::get_if<std::string>(&picture);
  return encoded ? static_cast<std::int64_t>(encoded->size()) : 0;
}

void take_caption(DrawnDocument& drawn, double synthetic_share) {
  if (&choose_caption(drawn, synthetic_share) == &drawn.document.synthetic_caption)
    drawn.document.segments.back().text = std::move(drawn.document.synthetic_caption);
}

std::vector<ShardFile> find_shards_of(const MixtureSource& source) {
  if (source.roles.empty()) return find_all_shards(source.paths, source.role);
  std::vector<ShardFile> shards;
  for (std::size_t i = 0; i < source.paths.size(); ++i)
    for (ShardFile& shard : find_shards(source.paths[i], source.roles[i])) shards.push_back(std::move(shard));
  return shards;
}

}  // namespace

/// One source: its stream, and the group of sequences that was packed last.
struct Mixture::Lane {
  /// `name`: tells apart the random numbers of lanes.
  Lane(const MixtureSource& what, std::uint64_t seed, const std::string& name)
      : role(what.role),
        stream(find_shards_of(what), seed, "documents/" + name),
        sequence_order(seed, "packing/" + name) {}

  DataRole role;
  DocumentStream stream;
  RandomStream sequence_order;
  StreamPosition group_position;
  ReadReport report;  ///< Of the group; handed out with its first sequence.
  std::vector<std::vector<TokenizedDocument>> group;
  std::size_t next = 0;
};

Json MixturePosition::to_json() const {
  Json json = {{"sequences", sequences}, {"lanes", Json::array()}};
  for (const Lane& lane : lanes)
    json["lanes"].push_back({{"group", lane.group.to_json()}, {"sequence", lane.sequence}});
  return json;
}

MixturePosition MixturePosition::from_json(const Json& json) {
  MixturePosition position;
  try {
    position.sequences = json.at("sequences").get<std::int64_t>();
    for (const Json& lane : json.at("lanes"))
      position.lanes.push_back(
          {StreamPosition::from_json(lane.at("group")), lane.at("sequence").get<std::int64_t>()});
  } catch (const Json::exception&) {
    throw Error("data position: 'sequences' or 'lanes' is missing or of a wrong type");
  }
  return position;
}

Mixture::Mixture(MixtureSettings settings, std::shared_ptr<const Tokenizer> tokenizer,
                 const MixturePosition* from)
    : settings_(std::move(settings)), tokenizer_(std::move(tokenizer)) {
  std::erase_if(settings_.sources, [](const MixtureSource& source) { return source.weight <= 0; });
  if (settings_.sources.empty()) throw Error("data.mix: all weights are 0; expected one above 0");
  double sum = 0;
  for (const MixtureSource& source : settings_.sources) {
    if (source.paths.empty())
      throw Error(fmt::format("data.{}: no source is named, but data.mix gives it a weight of {}",
                              to_name(source.role), source.weight));
    if (source.role != DataRole::text && source.role != DataRole::sft_text &&
        most_views(settings_.sub_images) * settings_.image_tokens + 2 >= settings_.seq_len)
      throw Error(fmt::format(
          "data.seq_len: {} positions do not hold a picture of {} tokens, its start and end, and text",
          settings_.seq_len, most_views(settings_.sub_images) * settings_.image_tokens));
    cumulative_.push_back(sum += source.weight);
    const auto before = std::count_if(lanes_.begin(), lanes_.end(),
                                      [&](const auto& lane) { return lane->role == source.role; });
    std::string name = to_name(source.role);
    if (before > 0) name += fmt::format("/{}", before + 1);
    lanes_.push_back(std::make_unique<Lane>(source, settings_.seed, name));
  }
  for (double& value : cumulative_) value /= sum;
  offset_ = RandomStream(settings_.seed, "mixture").bits(0);
  if (from) seek(*from);
}

Mixture::~Mixture() = default;

void Mixture::seek(const MixturePosition& position) {
  if (position.lanes.size() != lanes_.size())
    throw Error(fmt::format("data position: it is of {} sources; the mixture has {}", position.lanes.size(),
                            lanes_.size()));
  sequences_ = position.sequences;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    lane.stream.seek(position.lanes[i].group);
    lane.group_position = position.lanes[i].group;
    lane.group.clear();
    lane.next = 0;
    if (position.lanes[i].sequence == 0) continue;
    fill_group(lane);
    if (position.lanes[i].sequence < 0 ||
        position.lanes[i].sequence > static_cast<std::int64_t>(lane.group.size()))
      throw Error("data position: the data are others than those that it was written for");
    lane.next = static_cast<std::size_t>(position.lanes[i].sequence);
    lane.report = {};
  }
}

std::size_t Mixture::draw_lane(std::int64_t sequence) const {
  const double u =
      static_cast<double>((offset_ + static_cast<std::uint64_t>(sequence) * kGolden) >> 11) * 0x1p-53;
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), u);
  return std::min(static_cast<std::size_t>(found - cumulative_.begin()), lanes_.size() - 1);
}

void Mixture::fill_group(Lane& lane) {
  lane.group_position = lane.stream.position();
  lane.report = {};
  lane.next = 0;
  lane.group.clear();
  std::vector<TokenizedDocument> documents;
  std::vector<PackedSize> sizes;
  std::uint64_t group_bits = 0;
  for (std::int64_t tokens = 0, bytes = 0;
       tokens < kGroupSequences * settings_.seq_len && bytes < kGroupBytes;) {
    DrawnDocument drawn = lane.stream.next(lane.report);
    if (documents.empty()) group_bits = drawn.bits;
    if (lane.role == DataRole::captions) take_caption(drawn, settings_.synthetic_share);
    if (drawn.role == DataRole::sft_questions) add_instruction(drawn.document, settings_.instruction);
    TokenizedDocument tokenized =
        is_conversation(lane.role)
            ? tokenize_chat(drawn.document, *tokenizer_, settings_.layout(), settings_.chat)
            : tokenize(drawn.document, *tokenizer_, settings_.layout());
    for (TokenizedDocument& document :
         cut_document(std::move(tokenized), settings_.seq_len, settings_.max_images)) {
      sizes.push_back({static_cast<std::int64_t>(document.tokens.size()),
                       static_cast<std::int64_t>(document.images.size())});
      tokens += sizes.back().tokens;
      for (const PlacedPicture& image : document.images) bytes += picture_bytes(*image.picture);
      documents.push_back(std::move(document));
    }
  }
  std::vector<std::vector<std::size_t>> packed = pack(sizes, {settings_.seq_len, settings_.max_images});
  for (std::size_t i = packed.size(); i > 1; --i)
    std::swap(packed[i - 1], packed[lane.sequence_order.below(i, i, group_bits)]);
  for (const std::vector<std::size_t>& indices : packed) {
    std::vector<TokenizedDocument>& sequence = lane.group.emplace_back();
    for (const std::size_t index : indices) sequence.push_back(std::move(documents[index]));
  }
}

SequencePlan Mixture::next() {
  Lane& lane = *lanes_[draw_lane(sequences_)];
  if (lane.next == lane.group.size()) fill_group(lane);
  SequencePlan plan{
      .role = lane.role, .documents = std::move(lane.group[lane.next]), .report = {}, .position = {}};
  if (lane.next == 0) plan.report = std::move(lane.report);
  ++lane.next;
  plan.position.sequences = ++sequences_;
  for (const auto& other : lanes_)
    plan.position.lanes.push_back({other->group_position, static_cast<std::int64_t>(other->next)});
  return plan;
}

Sequence load_sequence(SequencePlan plan, const MixtureSettings& settings, const SpecialPieces& special) {
  const auto T = static_cast<std::size_t>(settings.seq_len);
  Sequence sequence{.role = plan.role,
                    .tokens = std::vector<std::int32_t>(T, special.pad),
                    .labels = std::vector<std::int32_t>(T, kNoTarget),
                    .positions = std::vector<std::int32_t>(T, 0),
                    .documents = std::vector<std::int32_t>(T, -1),
                    .branches = {},
                    .ids = {},
                    .indices = {},
                    .images = {},
                    .pixels = {},
                    .report = std::move(plan.report),
                    .position = std::move(plan.position)};
  std::size_t at = 0;
  for (const TokenizedDocument& document : plan.documents) {
    const std::size_t pixels_before = sequence.pixels.size(), images_before = sequence.images.size();
    try {
      for (const PlacedPicture& placed : document.images) {
        const auto views = load_views(*placed.picture, placed.tiles, settings.resolution, settings.image_fit);
        sequence.pixels.insert(sequence.pixels.end(), views.begin(), views.end());
        sequence.images.push_back(placed);
        sequence.images.back().start += static_cast<std::int64_t>(at);
      }
    } catch (const BrokenDocument& broken) {
      sequence.pixels.resize(pixels_before);
      sequence.images.resize(images_before);
      Problem problem = broken.problem;
      problem.where = document.id;
      sequence.report.add_counted(std::move(problem));
      continue;
    }
    const auto number = static_cast<std::int32_t>(sequence.ids.size());
    sequence.ids.push_back(document.id);
    sequence.indices.push_back(document.index);
    const auto branch_of = [&](std::size_t i) {
      return document.branches.empty() ? 0 : document.branches[i];
    };
    if (!document.branches.empty()) sequence.branches.resize(T, 0);
    std::int32_t position = 0, trunk_end = 0;
    for (std::size_t i = 0; i < document.tokens.size(); ++i, ++at, ++position) {
      const std::int32_t branch = branch_of(i);
      if (branch == 0)
        trunk_end = position + 1;
      else if (i > 0 && branch_of(i - 1) != branch)
        position = trunk_end;
      sequence.tokens[at] = document.tokens[i];
      sequence.positions[at] = position;
      sequence.documents[at] = number;
      if (!sequence.branches.empty()) sequence.branches[at] = branch;
      if (i + 1 < document.tokens.size() && document.targets[i + 1] && branch_of(i + 1) == branch)
        sequence.labels[at] = document.tokens[i + 1];
    }
  }
  return sequence;
}

}  // namespace ablate
