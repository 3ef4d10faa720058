#include "config/expression.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "util/text.hpp"

namespace ablate {

struct Expression::Node {
  enum class Op {
    constant,
    name,
    negate,
    logical_not,
    logical_and,
    logical_or,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    member,  // of the list that the other operands make
    add,
    subtract,
    multiply,
    divide,
    modulo,
    power,
    minimum,
    maximum,
    function  // of one number
  };

  Op op = Op::constant;
  std::size_t position = 0;
  Operand constant = 0.0;
  std::size_t name = 0;  // Index into names().
  std::vector<Node> operands;
  double (*function)(double) = nullptr;
};

namespace {

using Node = Expression::Node;
using Op = Node::Op;

constexpr std::size_t kMaxLength = 4096;
constexpr int kMaxDepth = 64;

struct Function {
  std::string_view name;
  Op op;
  std::size_t max_arguments;
  double (*of_one)(double) = nullptr;
};
constexpr Function kFunctions[] = {{"min", Op::minimum, 64},
                                   {"max", Op::maximum, 64},
                                   {"sqrt", Op::function, 1, std::sqrt},
                                   {"floor", Op::function, 1, std::floor},
                                   {"ceil", Op::function, 1, std::ceil},
                                   {"round", Op::function, 1, std::round},
                                   {"abs", Op::function, 1, std::abs},
                                   {"log2", Op::function, 1, std::log2},
                                   {"exp", Op::function, 1, std::exp}};

const char* kind_of(const Operand& operand) {
  constexpr const char* kKinds[] = {"a truth value", "a number", "a text"};
  return kKinds[operand.index()];
}

/// Recursive descent, one function per level of precedence.
class Parser {
 public:
  Parser(std::string_view text, std::vector<Expression::Name>& names) : text_(text), names_(names) {}

  Node parse() {
    Node root = parse_or();
    skip_blanks();
    if (at_ < text_.size()) fail(fmt::format("unexpected '{}'; expected an operator or the end", text_[at_]));
    return root;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const { throw ExpressionError(message, at_); }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }

  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

  bool take(std::string_view token) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(token)) return false;
    const std::size_t end = at_ + token.size();
    if (is_word(token.front()) && end < text_.size() && (is_word(text_[end]) || text_[end] == '.'))
      return false;
    at_ = end;
    return true;
  }

  Node make(Op op, std::size_t position, std::vector<Node> operands) {
    return Node{op, position, 0.0, 0, std::move(operands)};
  }

  Node parse_or() {
    Node left = parse_and();
    for (std::size_t at = at_; take("or"); at = at_) left = make(Op::logical_or, at, {left, parse_and()});
    return left;
  }

  Node parse_and() {
    Node left = parse_not();
    for (std::size_t at = at_; take("and"); at = at_) left = make(Op::logical_and, at, {left, parse_not()});
    return left;
  }

  Node parse_not() {
    const Nesting nesting(*this);
    const std::size_t at = at_;
    if (take("not")) return make(Op::logical_not, at, {parse_not()});
    return parse_comparison();
  }

  Node parse_comparison() {
    Node left = parse_sum();
    skip_blanks();
    const std::size_t at = at_;
    if (take("in")) return parse_membership(std::move(left), at);
    constexpr std::pair<std::string_view, Op> kOperators[] = {
        {"==", Op::equal},         {"!=", Op::not_equal}, {"<=", Op::less_equal},
        {">=", Op::greater_equal}, {"<", Op::less},       {">", Op::greater}};
    for (const auto& [token, op] : kOperators)
      if (take(token)) return make(op, at, {std::move(left), parse_sum()});
    if (at_ < text_.size() && text_[at_] == '=') fail("'=' cannot compare; use '=='");
    return left;
  }

  Node parse_membership(Node left, std::size_t at) {
    if (!take("[")) fail("expected a list in brackets after 'in'");
    std::vector<Node> operands = {std::move(left)};
    do operands.push_back(parse_sum());
    while (take(","));
    if (!take("]")) fail("expected ',' or ']'");
    return make(Op::member, at, std::move(operands));
  }

  Node parse_sum() {
    Node left = parse_product();
    for (;;) {
      skip_blanks();
      const std::size_t at = at_;
      if (take("+"))
        left = make(Op::add, at, {std::move(left), parse_product()});
      else if (take("-"))
        left = make(Op::subtract, at, {std::move(left), parse_product()});
      else
        return left;
    }
  }

  Node parse_product() {
    Node left = parse_unary();
    for (;;) {
      skip_blanks();
      const std::size_t at = at_;
      if (take("*"))
        left = make(Op::multiply, at, {std::move(left), parse_unary()});
      else if (take("/"))
        left = make(Op::divide, at, {std::move(left), parse_unary()});
      else if (take("%"))
        left = make(Op::modulo, at, {std::move(left), parse_unary()});
      else
        return left;
    }
  }

  Node parse_unary() {
    const Nesting nesting(*this);
    skip_blanks();
    const std::size_t at = at_;
    if (take("-")) return make(Op::negate, at, {parse_unary()});
    Node base = parse_primary();
    skip_blanks();
    const std::size_t power_at = at_;
    if (take("^")) return make(Op::power, power_at, {std::move(base), parse_unary()});
    return base;
  }

  Node parse_primary() {
    const Nesting nesting(*this);
    skip_blanks();
    if (at_ >= text_.size()) fail("the expression ends too early; expected a value");
    const char c = text_[at_];
    if (take("(")) {
      Node inner = parse_or();
      if (!take(")")) fail("expected ')'");
      return inner;
    }
    if (c == '"' || c == '\'') return parse_text(c);
    if (std::isdigit(static_cast<unsigned char>(c)) || c == '.') return parse_number();
    if (std::isalpha(static_cast<unsigned char>(c)) || c == '_') return parse_word();
    fail(fmt::format("unexpected '{}'; expected a number, a key, a text in quotes or '('",
                     printable(text_.substr(at_, 1))));
  }

  Node parse_text(char quote) {
    const std::size_t begin = at_;
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("the text has no closing quote");
    at_ = end + 1;
    return Node{Op::constant, begin, std::string(text_.substr(begin + 1, end - begin - 1)), 0, {}};
  }

  Node parse_number() {
    const std::size_t begin = at_;
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("not a number");
    at_ = static_cast<std::size_t>(end - text_.data());
    if (at_ < text_.size() && is_word(text_[at_])) fail("not a number");
    return Node{Op::constant, begin, value, 0, {}};
  }

  Node parse_word() {
    const std::size_t begin = at_;
    // A key may hold '-' nowhere, so that 'a-b' is a difference.
    while (at_ < text_.size() && (is_word(text_[at_]) || text_[at_] == '.')) ++at_;
    const std::string word(text_.substr(begin, at_ - begin));
    if (word == "true" || word == "false") return Node{Op::constant, begin, word == "true", 0, {}};
    if (take("(")) return parse_call(word, begin);
    for (const char* reserved : {"and", "or", "not", "in"})
      if (word == reserved)
        throw ExpressionError(fmt::format("unexpected '{}'; expected a value", word), begin);
    names_.push_back({word, begin});
    return Node{Op::name, begin, 0.0, names_.size() - 1, {}};
  }

  Node parse_call(const std::string& word, std::size_t begin) {
    const Function* function = nullptr;
    std::vector<std::string> known;
    for (const Function& candidate : kFunctions) {
      known.emplace_back(candidate.name);
      if (candidate.name == word) function = &candidate;
    }
    if (!function)
      throw ExpressionError(fmt::format("unknown function '{}'{}", printable(word), suggestion(word, known)),
                            begin);
    std::vector<Node> arguments;
    do arguments.push_back(parse_sum());
    while (take(","));
    if (!take(")")) fail("expected ',' or ')'");
    if (arguments.size() > function->max_arguments)
      throw ExpressionError(
          fmt::format("'{}' takes {} value{}, not {}", word, function->max_arguments == 1 ? "1" : "1 to 64",
                      function->max_arguments == 1 ? "" : "s", arguments.size()),
          begin);
    Node call = make(function->op, begin, std::move(arguments));
    call.function = function->of_one;
    return call;
  }

  /// Counts how deep the parser is, so that hostile input cannot exhaust the stack.
  struct Nesting {
    explicit Nesting(Parser& parser) : depth(parser.depth_) {
      if (++depth > 3 * kMaxDepth) parser.fail(fmt::format("nested more than {} levels deep", kMaxDepth));
    }
    ~Nesting() { --depth; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;
    int& depth;
  };

  std::string_view text_;
  std::vector<Expression::Name>& names_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

class Evaluator {
 public:
  explicit Evaluator(const std::function<Operand(std::size_t)>& lookup) : lookup_(lookup) {}

  Operand evaluate(const Node& node) const {
    switch (node.op) {
      case Op::constant:
        return node.constant;
      case Op::name:
        return lookup_(node.name);
      case Op::negate:
        return finite(-number(node, 0), node);
      case Op::logical_not:
        return !truth(node, 0);
      case Op::logical_and:
        return truth(node, 0) && truth(node, 1);
      case Op::logical_or:
        return truth(node, 0) || truth(node, 1);
      case Op::equal:
        return same(node, 1);
      case Op::not_equal:
        return !same(node, 1);
      case Op::less:
        return below(number(node, 0), number(node, 1));
      case Op::less_equal:
        return !below(number(node, 1), number(node, 0));
      case Op::greater:
        return below(number(node, 1), number(node, 0));
      case Op::greater_equal:
        return !below(number(node, 0), number(node, 1));
      case Op::member: {
        for (std::size_t i = 1; i < node.operands.size(); ++i)
          if (same(node, i)) return true;
        return false;
      }
      case Op::add:
        return finite(number(node, 0) + number(node, 1), node);
      case Op::subtract:
        return finite(number(node, 0) - number(node, 1), node);
      case Op::multiply:
        return finite(number(node, 0) * number(node, 1), node);
      case Op::divide:
        return finite(number(node, 0) / divisor(node), node);
      case Op::modulo:
        return finite(std::fmod(number(node, 0), divisor(node)), node);
      case Op::power:
        return finite(std::pow(number(node, 0), number(node, 1)), node);
      case Op::minimum:
        return extreme(node, [](double a, double b) { return std::min(a, b); });
      case Op::maximum:
        return extreme(node, [](double a, double b) { return std::max(a, b); });
      case Op::function:
        return finite(node.function(number(node, 0)), node);
    }
    throw std::logic_error("unknown operator");
  }

 private:
  double number(const Node& node, std::size_t i) const {
    const Operand operand = evaluate(node.operands[i]);
    if (const double* value = std::get_if<double>(&operand)) return *value;
    throw ExpressionError(fmt::format("expected a number, found {}", kind_of(operand)),
                          node.operands[i].position);
  }

  bool truth(const Node& node, std::size_t i) const {
    const Operand operand = evaluate(node.operands[i]);
    if (const bool* value = std::get_if<bool>(&operand)) return *value;
    throw ExpressionError(fmt::format("expected a condition (true or false), found {}", kind_of(operand)),
                          node.operands[i].position);
  }

  bool same(const Node& node, std::size_t i) const {
    const Operand left = evaluate(node.operands[0]), right = evaluate(node.operands[i]);
    if (left.index() != right.index())
      throw ExpressionError(fmt::format("{} is compared with {}", kind_of(left), kind_of(right)),
                            node.position);
    if (const double* value = std::get_if<double>(&left)) return same_number(*value, std::get<double>(right));
    return left == right;
  }

  /// Up to the rounding of a few operations: 0.1 * 3 is 0.3.
  static bool same_number(double a, double b) {
    return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b));
  }
  static bool below(double a, double b) { return a < b && !same_number(a, b); }

  double divisor(const Node& node) const {
    const double value = number(node, 1);
    if (value == 0) throw ExpressionError("division by zero", node.position);
    return value;
  }

  template <typename Choose>
  double extreme(const Node& node, Choose choose) const {
    double best = number(node, 0);
    for (std::size_t i = 1; i < node.operands.size(); ++i) best = choose(best, number(node, i));
    return best;
  }

  static double finite(double value, const Node& node) {
    if (!std::isfinite(value)) throw ExpressionError("the result is not a finite number", node.position);
    return value;
  }

  const std::function<Operand(std::size_t)>& lookup_;
};

}  // namespace

Expression Expression::parse(std::string_view text) {
  if (text.size() > kMaxLength)
    throw ExpressionError(fmt::format("is {} characters long; expected at most {}", text.size(), kMaxLength),
                          0);
  Expression expression;
  expression.text_ = text;
  expression.root_ = std::make_shared<const Node>(Parser(expression.text_, expression.names_).parse());
  return expression;
}

Operand Expression::evaluate(const std::function<Operand(std::size_t)>& lookup) const {
  return Evaluator(lookup).evaluate(*root_);
}

bool Expression::holds(const std::function<Operand(std::size_t)>& lookup) const {
  const Operand result = evaluate(lookup);
  if (const bool* value = std::get_if<bool>(&result)) return *value;
  throw ExpressionError(fmt::format("expected a condition (true or false), found {}", kind_of(result)), 0);
}

}  // namespace ablate
