#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "config/sweep_mistakes.hpp"

using namespace ablate;
using namespace ablate::sweep_mistakes;

BOOST_FIXTURE_TEST_SUITE(level_labels, WithExperiment)

BOOST_AUTO_TEST_CASE(names_that_differ_by_white_space_at_their_ends_alone_are_mistakes) {
  const auto axis = [&](const std::string& levels) {
    return mistakes(*this, kHead + "[[axis]]\nname = 'size'\nlevels = [" + levels + "]\n");
  };
  const auto alike = [](const std::string& place, const std::string& label, const std::string& other) {
    return fmt::format(
        "sweep.toml:{}: axis 'size': the level '{}' differs from '{}' by white space at its ends alone, "
        "which tables do not show; expected labels that can be told apart: {{ label = \"...\", ... }}\n",
        place, label, other);
  };
  const std::string small = "{label='small', demo.width=8}, ";
  for (const std::string label : {"small ", " small", "  small ", "small\xc2\xa0", "\xe2\x80\x8bsmall"})
    BOOST_TEST(axis(small + "{label='" + label + "', demo.width=16}") == alike("4:42", label, "small"));
  BOOST_TEST(axis(small + "{label='small', demo.width=16}, {label='small ', demo.width=4}") ==
             "sweep.toml:4:42: axis 'size' has the level 'small' twice\n" + alike("4:74", "small ", "small"));
  BOOST_TEST(axis(small + "{label='smal l', demo.width=16}, {label='Small', demo.width=4}") == "none");
  BOOST_TEST(axis("{label=' small ', demo.width=8}, {label='large ', demo.width=16}") == "none");
  BOOST_TEST(axis("{label='8', demo.width=8}, {label=' 8', demo.width=16}") == alike("4:38", " 8", "8"));

  const std::string blocks =
      "experiment = 'experiment.toml'\ncombine = 'union'\n[[block]]\n[[block.axis]]\nname = "
      "'size'\nlevels = [{label='a', demo.width=8}]\n[[block]]\n[[block.axis]]\nname = ";
  BOOST_TEST(mistakes(*this, blocks + "'size'\nlevels = [{label='a ', demo.width=8}]\n") ==
             alike("10:11", "a ", "a"));
  BOOST_TEST(mistakes(*this, blocks + "'size '\nlevels = [{label='a', demo.width=8}]\n") ==
             "sweep.toml:8:1: the axis name 'size ' differs from that in line 4 by white space at its ends "
             "alone; expected the same name, or another\n");
  BOOST_TEST(
      mistakes(*this, kHead + "[[include]]\nlabel = 'a'\ndemo.width = 4\n[[include]]\nlabel = 'a '\n"
                              "demo.width = 8\n") ==
      "sweep.toml:6:9: a second [[include]] labelled 'a ', as in line 3; expected labels that tell the "
      "cells apart\n");
}

BOOST_AUTO_TEST_SUITE_END()
