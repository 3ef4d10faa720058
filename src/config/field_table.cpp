// The table of all keys. A new key is one row in the file of its section, and one member in experiment.hpp.
#include "config/field_table.hpp"

#include "config/field_rows.hpp"

namespace ablate {

std::vector<Field> make_field_table() {
  std::vector<Field> table;
  const auto add = [&](const std::vector<FieldRow>& rows) {
    for (const FieldRow& row : rows) {
      Field& field = table.emplace_back(row.key.field());
      field.doc = row.doc;
      field.index = table.size() - 1;
    }
  };
  add({{KEY(stages),
        "The stages that each run goes through; a stage that is left out starts from init or at random."}});
  add(encoder_rows());
  add(text_tower_rows());
  add(encoder_head_rows());
  add(connector_rows());
  add(llm_rows());
  add(moe_rows());
  add(data_rows());
  add(training_rows());
  add(eval_rows());
  add(demo_rows());
  add(run_rows());
  return table;
}

}  // namespace ablate
