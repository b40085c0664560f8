package project

import (
	"devenv/devenv/fault"
	"devenv/devenv/trust"
)

const caBundleKey = "ca_bundle"

// CABundle reads the certificates that the profile names, else x-devenv; the zero value where none does.
func (p *Project) CABundle() (trust.Bundle, error) {
	path, place, err := p.caBundleFile()
	if err != nil || path == "" {
		return trust.Bundle{}, err
	}
	content, err := trust.Read(path)
	if err != nil {
		return trust.Bundle{}, fault.New(fault.Usage, "%s: ca_bundle: %s: %w", place, p.Rel(path), err)
	}
	return trust.Bundle{File: path, Place: place, Content: content}, nil
}

// caBundleFile is the absolute path of the file, "" where none is named, and the place that names it. Like all paths of
// both it starts from the project's folder.
func (p *Project) caBundleFile() (path, place string, err error) {
	in := p.inputs
	if in.profile == nil || in.profile.CABundle == "" {
		if p.Extension.CABundle == "" {
			return "", "", nil
		}
		return absoluteIn(p.Dir(), in.expandHome(p.Extension.CABundle)), p.Place(extensionKey, caBundleKey), nil
	}
	at := in.profile.Origin(caBundleKey)
	place = in.place(Origin{File: at.File, Line: at.Line}, false)
	path, _, err = in.scope().substitute(in.profile.CABundle)
	if err != nil {
		return "", "", in.unfilled(place+": ca_bundle", in.profile.CABundle, err)
	}
	return absoluteIn(p.Dir(), in.expandHome(path)), place, nil
}
