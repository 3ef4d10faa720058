// How the process keeps its memory.
#pragma once

namespace ablate {

/// Training frees and asks for the same large blocks at every step. By default glibc gives such blocks back
/// to the system at once, and the next step pays for fresh, zeroed pages; this makes it keep them. For the
/// whole process; call it before the first step.
void keep_freed_memory();

}  // namespace ablate
