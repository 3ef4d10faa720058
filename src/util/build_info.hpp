// Which build this is.
#pragma once

namespace ablate {

struct BuildInfo {
  const char* version;  ///< Of the project, as CMakeLists.txt has it.
  const char*
      revision;  ///< Git revision of the source, with "-dirty" after local changes; "unknown" outside git.
  const char* type;  ///< Release, Debug, ...
  const char* compiler;
};
BuildInfo build_info();

}  // namespace ablate
