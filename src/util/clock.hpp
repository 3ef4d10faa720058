// Time, behind an interface that tests can drive.
#pragma once

#include <string>

namespace ablate {

/// Where the scheduler gets the time from. Tests pass one that they move by hand.
struct Clock {
  virtual ~Clock() = default;
  virtual double now() const = 0;        ///< Seconds since 1970-01-01 UTC: what is stored and shown.
  virtual double monotonic() const = 0;  ///< Seconds that never jump: what time-outs are measured with.
};

/// The clocks of this machine.
struct SystemClock final : Clock {
  double now() const override;
  double monotonic() const override;
};

/// "2026-11-22 17:53:04" in UTC.
std::string format_time(double seconds_since_1970);

}  // namespace ablate
