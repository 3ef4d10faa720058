#include "store/states.hpp"

namespace ablate {

template <>
std::span<const Named<JobState>> names_of<JobState>() {
  using enum JobState;
  static constexpr Named<JobState> kTable[] = {{"waiting", waiting},
                                               {"queued", queued},
                                               {"running", running},
                                               {"finished", finished},
                                               {"failed", failed},
                                               {"cancelled", cancelled},
                                               {"stopped-early", stopped_early}};
  return kTable;
}

template <>
std::span<const Named<AttemptState>> names_of<AttemptState>() {
  using enum AttemptState;
  static constexpr Named<AttemptState> kTable[] = {{"queued", queued},     {"running", running},
                                                   {"finished", finished}, {"failed", failed},
                                                   {"lost", lost},         {"cancelled", cancelled}};
  return kTable;
}

}  // namespace ablate
