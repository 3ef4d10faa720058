#include "report/figure.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "report/scatter_plot.hpp"
#include "report/svg_figure.hpp"
#include "util/text.hpp"

BOOST_AUTO_TEST_SUITE(figures)

using namespace ablate;

namespace {

Figure small_figure() {
  Figure figure;
  figure.title = "a < b & \"c\"";
  figure.x = {.label = "size", .logarithmic = true};
  figure.y = {.label = "rate", .logarithmic = true};
  figure.points = {{.x = 10, .y = 1e-2, .low = 5e-3, .high = 2e-2, .note = "<script>"},
                   {.x = 1000, .y = 1e-3, .low = -INFINITY, .high = 2e-3, .hollow = true}};
  figure.curves = {{"law", {{10, 1e-2}, {1000, 1e-3}}}};
  figure.bands = {{"80 %", {{10, 8e-3, 1.2e-2}, {1000, 8e-4, 1.2e-3}}}};
  figure.points_name = "optima";
  return figure;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(ticks_are_round_numbers_within_the_axis) {
  const std::vector<double> linear = ticks({0, 10, false}, 5);
  BOOST_TEST(linear == (std::vector<double>{0, 2, 4, 6, 8, 10}), boost::test_tools::per_element());
  const std::vector<double> decades = ticks({std::log(0.9), std::log(1100), true}, 4);
  BOOST_REQUIRE(decades.size() == 4u);
  BOOST_TEST(decades.front() == 1, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(decades.back() == 1000, boost::test_tools::tolerance(1e-12));
  for (const double top : {1.5, 3.0, 30.0, 1e6, 1e30}) {
    const std::vector<double> found = ticks({std::log(1.0), std::log(top), true}, 6);
    BOOST_TEST(found.size() >= 1u);
    BOOST_TEST(found.size() <= 6u);
  }
}

BOOST_AUTO_TEST_CASE(scales_reach_as_far_as_points_and_bars_do) {
  const Figure figure = small_figure();
  const AxisScale x = x_scale(figure), y = y_scale(figure);
  BOOST_TEST(x.share(10) > 0);
  BOOST_TEST(x.share(1000) < 1);
  BOOST_TEST(x.share(100) == 0.5, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(y.share(2e-2) < 1);
  BOOST_TEST(std::isnan(x.share(0)));
  BOOST_TEST(std::isnan(x.share(-1)));
}

BOOST_AUTO_TEST_CASE(a_figure_without_points_has_scales) {
  const Figure empty;
  BOOST_TEST(x_scale(empty).low < x_scale(empty).high);
  BOOST_TEST(render_plot(empty, 40, 10).size() > 0u);
  BOOST_TEST(render_svg(empty, 300, 200).size() > 0u);
}

BOOST_AUTO_TEST_CASE(a_plot_has_points_bars_curve_band_and_labels_and_keeps_its_width) {
  const std::string plot = render_plot(small_figure(), 60, 14);
  for (const char* part : {"●", "○", "│", "↓", "░", "size", "rate", "optima", "law"})
    BOOST_TEST(plot.find(part) != std::string::npos);
  for (const std::string& line : split(plot, '\n')) BOOST_TEST(display_width(line) <= 70u);
  BOOST_TEST(split(plot, '\n').size() == 15u);
  BOOST_TEST(plot == render_plot(small_figure(), 60, 14));
}

BOOST_AUTO_TEST_CASE(svg_is_balanced_and_texts_cannot_become_markup) {
  const std::string svg = render_svg(small_figure(), 400, 300);
  BOOST_TEST(svg.find("<script>") == std::string::npos);
  BOOST_TEST(svg.find("&lt;script&gt;") != std::string::npos);
  BOOST_TEST(svg.find("a &lt; b &amp; &quot;c&quot;") != std::string::npos);
  BOOST_TEST(svg.find("nan") == std::string::npos);
  BOOST_TEST(svg.find("inf ") == std::string::npos);
  BOOST_TEST(count(svg, "viewBox=") == 2u);  // The inner one cuts off what leaves the frame.
  BOOST_TEST(count(svg, "<g>") + count(svg, "<g ") == count(svg, "</g>"));
  BOOST_TEST(count(svg, "<svg ") == count(svg, "</svg>"));
  BOOST_TEST(count(svg, "<circle") == 3u);
}

BOOST_AUTO_TEST_CASE(a_long_legend_is_cut_and_leaves_room_for_the_figure) {
  Figure figure = small_figure();
  for (int i = 0; i < 200; ++i) figure.curves.push_back({"D 12.3M, B " + std::to_string(i), {{10, 1e-2}}});
  const std::string svg = render_svg(figure, 400, 300);
  const std::size_t shown = count(svg, "<g transform=");
  BOOST_TEST(shown >= 6u);
  BOOST_TEST(shown <= 16u);
  BOOST_TEST(svg.find(">and " + std::to_string(203 - shown) + " more</text>") != std::string::npos);
  BOOST_TEST(svg.find("height=\"-") == std::string::npos);
  BOOST_TEST(count(svg, "more</text>") == 1u);
  BOOST_TEST(render_svg(small_figure(), 400, 300).find(" more</text>") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
