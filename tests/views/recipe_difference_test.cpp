#include "views/recipe_difference.hpp"

#include <boost/test/unit_test.hpp>

#include "scratch.hpp"
#include "store/query.hpp"

using namespace ablate;

BOOST_AUTO_TEST_SUITE(recipe_difference)

BOOST_AUTO_TEST_CASE(whose_model_is_evaluated_is_part_of_a_recipe) {
  const Scratch scratch;
  Database database{scratch.path / "results" / "ablate.db", Database::Mode::read_write};
  Query(database,
        "INSERT INTO job (id, key, stage, task, seed, parts, parents, steps, params, flops, memory_bytes, "
        "state,"
        " created_at) VALUES (1, 'e', 'encoder', '', 0, '[]', '[]', 1, 0, 0, 0, 'finished', 0),"
        " (2, 'v', 'vlm', '', 0, '[]', '[1]', 1, 0, 0, 0, 'finished', 0),"
        " (3, 's', 'sft', '', 0, '[]', '[2]', 1, 0, 0, 0, 'finished', 0),"
        " (4, 'r', 'eval', 'retrieval', 0, '[]', '[1]', 0, 0, 0, 0, 'finished', 0),"
        " (5, 'a', 'eval', 'vqa', 0, '[]', '[2]', 0, 0, 0, 0, 'finished', 0),"
        " (6, 'b', 'eval', 'vqa', 0, '[]', '[3]', 0, 0, 0, 0, 'finished', 0)")
      .run();
  const auto found = recipe_differences(database, {1, 2, 3, 4, 5}, {1, 2, 3, 4, 6});
  BOOST_TEST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0].key == "eval.of");
  BOOST_TEST((found[0].a == Json("vlm") && found[0].b == Json("sft")));
  BOOST_TEST(recipe_differences(database, {1, 2, 4, 5}, {1, 2, 4, 5}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
