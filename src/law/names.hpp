// How the variants of the law are spelt in reports, options and JSON (see config/names.hpp).
#pragma once

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

}  // namespace ablate
