// Numbers beside their errors, as tables show them.
#pragma once

#include <string>

namespace ablate {

/// Digits after the point that show two digits of a number of this size, at most 9; 4 where it is 0 or none.
int digits_for(double size);
/// With so many digits after the point; never "-0.00".
std::string with_digits(double value, int digits);
/// The same, with '+' before what is above 0.
std::string signed_number(double value, int digits);
/// The same for an end of an interval, which keeps its side of 0: "-0.009" where it would be "0.0".
std::string signed_bound(double value, int digits);

}  // namespace ablate
