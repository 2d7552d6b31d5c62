// Threads of a workgroup of 64 in teams of TEAM (a power of two), each for one row or result.

override TEAM: u32 = 1u;

// The team of a thread, counted over all workgroups.
fn team_number(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return (group.y * groups.x + group.x) * (64u / TEAM) + local / TEAM;
}
