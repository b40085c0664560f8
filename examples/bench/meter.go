package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// meter saves one file again and again and asks a server over HTTP until it answers with what was saved. It does so in
// the same way whoever is measured: the file is replaced in one step, as most editors do; each question has a
// connection of its own, and the next one follows an old answer or a refusal after a short time.
type meter struct {
	url    string
	every  time.Duration // between two questions
	file   string
	beside string // a folder on the file's file system that nobody watches
	text   []byte // the file's content
	mark   []byte // the part of it that the server shows, and that each save changes
}

const (
	// patience bounds the wait for one save; after it the save counts as lost.
	patience = 20 * time.Second
	// oneQuestion bounds one question: a connection to a server that has gone must not count against who starts the next.
	oneQuestion = 500 * time.Millisecond
	// Between two saves it is quiet for a time from quiet to quiet+jitter: no debounce and no polling falls in step.
	quiet, jitter = 300 * time.Millisecond, 400 * time.Millisecond
)

// measured are the times of saves from just before the write to the end of the first new answer.
type measured struct {
	times []time.Duration
	lost  int
}

// saves makes n saves and one more before them, which fills caches and does not count.
func (m meter) saves(ctx context.Context, n int) (measured, error) {
	var all measured
	for i := range n + 1 {
		if err := pause(ctx, quiet+rand.N(jitter)); err != nil { //nolint:gosec // not a secret
			return all, err
		}
		took, answered, err := m.save(ctx, fmt.Sprintf("save-%d-%d", i, time.Now().UnixNano()))
		switch {
		case err != nil:
			return all, err
		case !answered:
			all.lost++
		case i > 0:
			all.times = append(all.times, took)
		}
	}
	if len(all.times) == 0 {
		return all, fmt.Errorf("no save of %s had an answer within %s", filepath.Base(m.file), patience)
	}
	return all, nil
}

func (m meter) save(ctx context.Context, mark string) (took time.Duration, answered bool, err error) {
	next := filepath.Join(m.beside, "next")
	content := bytes.Replace(m.text, m.mark, []byte(mark), 1)
	began := time.Now()
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return 0, false, err
	}
	if err := os.Rename(next, m.file); err != nil {
		return 0, false, err
	}
	answered, err = m.until(ctx, mark, patience)
	return time.Since(began), answered, err
}

// until asks until an answer has mark in it. It is no error that none had.
func (m meter) until(ctx context.Context, mark string, within time.Duration) (answered bool, err error) {
	client := &http.Client{Timeout: oneQuestion, Transport: &http.Transport{DisableKeepAlives: true}}
	for began := time.Now(); time.Since(began) < within; {
		if m.shows(ctx, client, mark) {
			return true, nil
		}
		if err := pause(ctx, m.every); err != nil {
			return false, err
		}
	}
	return false, nil
}

// shows is false also where nobody answers.
func (m meter) shows(ctx context.Context, client *http.Client, mark string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url, http.NoBody)
	if err != nil {
		return false
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return err == nil && response.StatusCode == http.StatusOK && bytes.Contains(body, []byte(mark))
}

func pause(ctx context.Context, span time.Duration) error {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
