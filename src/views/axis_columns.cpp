#include "views/axis_columns.hpp"

#include <set>

namespace ablate {

void insert_axis_columns(std::vector<Column>& columns, std::size_t place,
                         const std::vector<std::string>& axes, const std::vector<std::string>& values) {
  std::set<std::string> others(values.begin(), values.end());
  for (const Column& column : columns) others.insert(column.name);
  // An axis may itself be called "axis/state": it keeps its name, and the other one gets a longer one.
  std::set<std::string> taken = others;
  taken.insert(axes.begin(), axes.end());
  std::vector<Column> added;
  for (std::string name : axes) {
    if (others.count(name) > 0)
      while (!taken.insert(name).second) name = "axis/" + name;
    added.push_back({.name = std::move(name), .wraps = true});
  }
  columns.insert(columns.begin() + static_cast<std::ptrdiff_t>(place), added.begin(), added.end());
}

}  // namespace ablate
