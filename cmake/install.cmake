# cmake --install BUILD --prefix PREFIX: an `ablate` that needs neither the build's folder nor the source's.
#
#   bin/                   ablate, ablate-worker; ablate looks for its worker beside itself
#   lib/ablate/            the plugin that they load (src/data/pieces.cpp looks for it there)
#   share/ablate/          experiments, sweeps, the samples that some of them train on, and published tables, as in the source
#   share/man/man1/        the manual; with the three shells' completions, printed by the program that is installed
#   share/doc/ablate/      README and docs, licence, changes
set(share ${PROJECT_BINARY_DIR}/share)
file(MAKE_DIRECTORY ${share})
add_custom_command(
  OUTPUT ${share}/ablate.1 ${share}/ablate.bash ${share}/_ablate ${share}/ablate.fish
  COMMAND ablate help --man > ${share}/ablate.1
  COMMAND ablate completion bash > ${share}/ablate.bash
  COMMAND ablate completion zsh > ${share}/_ablate
  COMMAND ablate completion fish > ${share}/ablate.fish
  DEPENDS ablate VERBATIM)
add_custom_target(ablate_share ALL DEPENDS ${share}/ablate.1)

# As files, not as targets: CMake would take the way to LibTorch (RPATH) out of targets, and what it can leave in
# (CMAKE_INSTALL_RPATH_USE_LINK_PATH) lacks libraries inside the source's folder, as those of a bundle or an environment.
install(PROGRAMS $<TARGET_FILE:ablate> DESTINATION bin)
if(ABLATE_WORKER)
  install(PROGRAMS $<TARGET_FILE:ablate-worker> DESTINATION bin)
endif()
install(FILES $<TARGET_FILE:ablate_sentencepiece> DESTINATION lib/ablate)
install(FILES ${share}/ablate.1 DESTINATION share/man/man1)
install(FILES ${share}/ablate.bash DESTINATION share/bash-completion/completions RENAME ablate)
install(FILES ${share}/_ablate DESTINATION share/zsh/site-functions)
install(FILES ${share}/ablate.fish DESTINATION share/fish/vendor_completions.d)
install(DIRECTORY experiments sweeps DESTINATION share/ablate)
install(DIRECTORY tests/data/samples DESTINATION share/ablate/tests/data)
install(DIRECTORY results/published DESTINATION share/ablate/results)
install(FILES README.md CHANGELOG.md CONTRIBUTING.md LICENSE NOTICE DESTINATION share/doc/ablate)
install(DIRECTORY docs DESTINATION share/doc/ablate)
