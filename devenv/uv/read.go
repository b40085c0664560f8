package uv

// Versions are the packages of a uv.lock with their versions. Of a package that is there in several versions (for
// platforms, by extras) the version is "".
func (f Files) Versions() map[string]string {
	all := map[string]string{}
	for _, p := range readLock(f[lockFile]).Package {
		if _, twice := all[p.Name]; twice {
			p.Version = ""
		}
		all[p.Name] = p.Version
	}
	return all
}

// HasLock says whether there is a uv.lock.
func (f Files) HasLock() bool { return f[lockFile] != nil }

// HasProject says whether there is a pyproject.toml.
func (f Files) HasProject() bool { return f[projectFile] != nil }
