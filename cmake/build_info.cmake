# Writes build_info.cpp when the git revision has changed. Run at every build, so that a new commit shows in
# `ablate --version` without a new configure step. Variables: SOURCE, INPUT, OUTPUT, ABLATE_*.
set(ABLATE_REVISION "unknown")
find_package(Git QUIET)
if(GIT_FOUND)
  execute_process(COMMAND ${GIT_EXECUTABLE} -C ${SOURCE} describe --always --dirty --abbrev=12 --exclude=*
    OUTPUT_VARIABLE described OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    set(ABLATE_REVISION ${described})
  endif()
endif()
configure_file(${INPUT} ${OUTPUT} @ONLY)
