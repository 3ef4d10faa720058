// How the variants of the law are spelt in reports, options and JSON (see config/names.hpp).
#pragma once

#include <string>

#include "config/names.hpp"
#include "law/baselines.hpp"
#include "law/findings.hpp"
#include "law/law.hpp"
#include "law/propose.hpp"

namespace ablate {

template <>
std::span<const Named<FindingKind>> names_of<FindingKind>();
template <>
std::span<const Named<LawMethod>> names_of<LawMethod>();
template <>
std::span<const Named<BatchMode>> names_of<BatchMode>();
template <>
std::span<const Named<ProposalReason>> names_of<ProposalReason>();
template <>
std::span<const Named<LawEdge>> names_of<LawEdge>();
template <>
std::span<const Named<DecaySource>> names_of<DecaySource>();

/// A learning rate with three digits: "1.85e-3"; also legal in TOML.
std::string rate_text(double rate);
/// An amount of parameters, tokens, FLOPs: "1.21G"; "?" for 0.
std::string amount_text(double amount);

}  // namespace ablate
