#include "config/load_claims.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "config/sweep_tables.hpp"
#include "util/text.hpp"

namespace ablate {

namespace {

constexpr double kNotANumber = std::numeric_limits<double>::quiet_NaN();

class ClaimReader : SweepTables {
 public:
  using SweepTables::SweepTables;

  std::vector<Claim> read() {
    std::vector<Claim> claims;
    for (const toml::table* table : tables(document_.root, "claim")) {
      const std::size_t before = findings_.diagnostics.size();
      Claim claim = read_claim(*table);
      if (findings_.diagnostics.size() > before) continue;  // What is wrong in itself is not compared.
      const Json content = claim_json(claim);
      const auto same = std::find_if(claims.begin(), claims.end(),
                                     [&](const Claim& other) { return claim_json(other) == content; });
      if (same != claims.end())
        findings_.add(claim.place,
                      fmt::format("the claim of line {} again; expected each once", same->place.line));
      claims.push_back(std::move(claim));
    }
    return claims;
  }

 private:
  Claim read_claim(const toml::table& owner) {
    refuse_unknown(owner, "claim");
    Claim claim;
    claim.place = document_.at(owner);
    claim.name = text(owner, "name").value_or("");
    claim.source = text(owner, "source").value_or("");
    claim.score = text(owner, "score").value_or("");
    claim.places.score = place(owner, "score");
    if (claim.score.empty() && lacks(owner, "claim", "score"))
      findings_.add(claim.place,
                    "a claim without 'score'; expected the name of a score, such as \"vqa/4-shot\"");
    const std::vector<std::string> kinds = kinds_of(owner);
    if (kinds.size() == 1) {
      claim.kind = from_name<ClaimKind>(kinds.front());
      claim.place = place(owner, kinds.front().c_str());
      read_kind(owner, kinds.front().c_str(), claim);
    } else if (!kinds.empty() || !any_misspelt(owner)) {
      findings_.add(claim.place, fmt::format("a claim {}; expected one of: {}",
                                             kinds.empty() ? "that claims nothing"
                                                           : "of several kinds: " + join(kinds, ", "),
                                             join(known_names<ClaimKind>(), ", ")));
    }
    if (const toml::table* branch = table(owner, "where")) read_branch(*branch, "", claim);
    return claim;
  }

  std::vector<std::string> kinds_of(const toml::table& owner) const {
    std::vector<std::string> kinds = known_names<ClaimKind>();
    std::erase_if(kinds, [&](const std::string& kind) { return !owner.contains(kind); });
    return kinds;
  }
  bool any_misspelt(const toml::table& owner) const {
    const std::vector<std::string> kinds = known_names<ClaimKind>();
    return std::any_of(kinds.begin(), kinds.end(),
                       [&](const std::string& kind) { return is_misspelt(owner, "claim", kind.c_str()); });
  }

  void read_kind(const toml::table& owner, const char* key, Claim& claim) {
    const bool is_better = claim.kind == ClaimKind::better;
    const bool has_two = claim.kind == ClaimKind::outweighs || claim.kind == ClaimKind::interaction;
    if (is_better) {
      claim.better = level(owner, "better");
      claim.than = level(owner, "than");
      claim.axes = {text(owner, "axis").value_or("")};
      claim.places.better = place(owner, "better");
      claim.places.than = place(owner, "than");
      claim.places.axes = {place(owner, "axis")};
      for (const char* needed : {"than", "axis"})
        if (lacks(owner, "claim", needed))
          findings_.add(claim.place,
                        fmt::format("'better' without '{}'; expected better = LEVEL, than = LEVEL, "
                                    "axis = AXIS",
                                    needed));
      if (!claim.better.empty() && claim.better == claim.than)
        findings_.add(claim.places.than, "'better' and 'than' are one level; expected two");
    } else if (has_two) {
      read_pair(*owner.get(key), key, claim);
    } else {
      claim.axes = {text(owner, key).value_or("")};
      claim.places.axes = {place(owner, key)};
    }
    for (const char* other : {"than", "axis"})
      if (!is_better && owner.contains(other))
        findings_.add(place(owner, other),
                      fmt::format("'{}' belongs to 'better', and this claim is '{}'", other, key));
    read_margin(owner, key, claim);
  }

  /// The label of a level; a number or a truth value counts as it is written.
  std::string level(const toml::table& owner, const char* key) {
    const toml::node* node = owner.get(key);
    if (!node) return "";
    const auto value = to_value(*node, document_, findings_);
    return value ? to_text(*value) : "";
  }

  void read_pair(const toml::node& node, const char* key, Claim& claim) {
    const toml::array* pair = node.as_array();
    for (std::size_t i = 0; pair && i < pair->size(); ++i)
      if (const auto axis = pair->get(i)->value<std::string>(); axis && pair->get(i)->is_string()) {
        claim.axes.push_back(*axis);
        claim.places.axes.push_back(document_.at(*pair->get(i)));
      }
    if (!pair || pair->size() != 2 || claim.axes.size() != 2)
      findings_.add(document_.at(node),
                    fmt::format("'{}' is wrong; expected two axes: [\"AXIS\", \"AXIS\"]", key));
    else if (claim.axes[0] == claim.axes[1])
      findings_.add(document_.at(node), fmt::format("'{}' names one axis twice; expected two", key));
  }

  void read_margin(const toml::table& owner, const char* kind, Claim& claim) {
    const bool needed = claim.kind == ClaimKind::no_difference;
    const toml::node* node = owner.get("margin");
    if (!node) {
      if (needed && lacks(owner, "claim", "margin"))
        findings_.add(claim.place,
                      "'no_difference' without 'margin'; expected the largest difference that counts "
                      "as none, in units of the score");
      return;
    }
    const double margin = node->is_number() ? node->value_or(kNotANumber) : kNotANumber;
    if (!needed && claim.kind != ClaimKind::better)
      findings_.add(document_.at(*node),
                    fmt::format("'margin' belongs to 'better' and 'no_difference', and this "
                                "claim is '{}'",
                                kind));
    else if (!std::isfinite(margin) || margin < 0 || (needed && margin == 0))
      findings_.add(document_.at(*node), fmt::format("'margin' is wrong; expected a number {}",
                                                     needed ? "above 0" : "of at least 0"));
    else
      claim.margin = margin;
  }

  /// Names of axes may have dots, which make tables within tables.
  void read_branch(const toml::table& branch, const std::string& prefix, Claim& claim) {
    for (const auto& [key, node] : in_order(branch)) {
      const std::string axis = prefix + std::string(key->str());
      if (const toml::table* inner = node->as_table()) {
        read_branch(*inner, axis + ".", claim);
      } else if (const auto value = to_value(*node, document_, findings_)) {
        claim.where[axis] = to_text(*value);
        claim.places.where[axis] = document_.at(*node);
      }
    }
  }
};

}  // namespace

std::vector<Claim> read_claims(const TomlDocument& document, Findings& findings) {
  return ClaimReader(document, findings).read();
}

}  // namespace ablate
