// The small arithmetic of sweeps: computed values, `when` and `exclude` conditions.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "util/error.hpp"

namespace ablate {

/// What an expression computes with. Integers are numbers.
using Operand = std::variant<bool, double, std::string>;

/// A mistake in an expression, at a byte of its text.
struct ExpressionError : Error {
  ExpressionError(const std::string& message, std::size_t at) : Error(message), position(at) {}
  std::size_t position;
};

/// A parsed expression. Grammar, loosest binding first:
///   or | and | not | == != < <= > >= in | + - | * / % | unary - | ^ (right to left)
///   number | "text" | 'text' | true | false | key | min(a, b, ...) max sqrt floor ceil round abs log2 exp |
///   ( ... )
/// `x in [a, b]` compares with each. At most 4096 characters and 64 levels deep; no loops, no assignment:
/// always ends.
class Expression {
 public:
  /// Throws ExpressionError.
  static Expression parse(std::string_view text);

  /// The keys that it reads, as written, each with its position in the text.
  struct Name {
    std::string text;
    std::size_t position = 0;
  };
  const std::vector<Name>& names() const { return names_; }

  /// `lookup(i)` gives the value of names()[i]. Throws ExpressionError: division by zero, text where a number
  /// is needed.
  Operand evaluate(const std::function<Operand(std::size_t)>& lookup) const;
  /// evaluate(), which must give true or false.
  bool holds(const std::function<Operand(std::size_t)>& lookup) const;

  const std::string& text() const { return text_; }
  struct Node;

 private:
  std::string text_;
  std::vector<Name> names_;
  std::shared_ptr<const Node> root_;
};

}  // namespace ablate
