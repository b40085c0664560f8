module example.org/gosvc

go 1.24
