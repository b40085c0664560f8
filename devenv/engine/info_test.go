package engine

import (
	"testing"
	"time"
)

// The engine says what it is; its clock on this machine is ours.
func TestInfo(t *testing.T) {
	info, err := connect(t).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.Version == "" || info.API == "" || info.System == "" || info.Root == "" || info.CPUs < 1 || info.Memory < 1<<28 {
		t.Errorf("%+v", info)
	}
	if info.Clock.Abs() > time.Minute {
		t.Errorf("the clock is %s ahead", info.Clock)
	}
}

// A clock is only off when it shows a time at which it was not asked.
func TestOffset(t *testing.T) {
	now := time.Now()
	for ahead, want := range map[time.Duration]time.Duration{0: 0, time.Second: 0, time.Hour: time.Hour - 2*time.Second, -time.Hour: -time.Hour} {
		if got := offset(now, now.Add(ahead), now.Add(2*time.Second)); got != want {
			t.Errorf("%s ahead: %s, want %s", ahead, got, want)
		}
	}
}
