# Takes scripts and style of the page of a sweep into target ablate_report (src/report/page_assets.hpp).
find_path(ABLATE_VEGA_FOLDER vega-view.min.js PATHS /usr/share/javascript/vega)
if(NOT ABLATE_VEGA_FOLDER)
  message(FATAL_ERROR "no Vega: install Debian's libjs-vega (tools/setup does), or give its folder as ABLATE_VEGA_FOLDER")
endif()

set(ABLATE_PAGE ${CMAKE_CURRENT_SOURCE_DIR}/report/page)
set(ABLATE_VEGA ${CMAKE_CURRENT_BINARY_DIR}/vega.js)
file(READ ${ABLATE_PAGE}/vega_modules.js vega)
find_file(ABLATE_VEGA_COPYRIGHT copyright PATHS /usr/share/doc/libjs-vega NO_DEFAULT_PATH)
if(ABLATE_VEGA_COPYRIGHT)  # its licence goes with it
  file(READ ${ABLATE_VEGA_COPYRIGHT} licence)
  string(REPLACE "*/" "* /" licence "${licence}")
  string(APPEND vega "/* Vega comes with these licences.\n\n${licence}*/\n")
endif()
# What the figures need, each after what it asks for: no maps, forces, hierarchies or word clouds.
foreach(module util time format loader statistics dataflow transforms canvas scale scenegraph expression selection functions runtime
    event-selector view parser encode view-transforms interpreter)
  file(READ ${ABLATE_VEGA_FOLDER}/vega-${module}.min.js script)
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" script "${script}")
  string(APPEND vega "vegaModule('vega-${module}', function (module, exports, require) {${script}\n});\n")
endforeach()
file(CONFIGURE OUTPUT ${ABLATE_VEGA} CONTENT "${vega}" @ONLY)

configure_file(report/page_assets.cpp.in ${CMAKE_CURRENT_BINARY_DIR}/page_assets.cpp @ONLY)
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/page_assets.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON
  OBJECT_DEPENDS "${ABLATE_VEGA};${ABLATE_PAGE}/charts.js;${ABLATE_PAGE}/figures.js;${ABLATE_PAGE}/page.js;${ABLATE_PAGE}/report.css")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ABLATE_PAGE}/vega_modules.js)
target_sources(ablate_report PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/page_assets.cpp)
