OPENQASM 3.0;
include "stdgates.inc";

// Parameters of the sweep.
input float theta_b;
input angle kick;

// Registers with a size: "qubit data;" would have no name.
qubit[1] data;
qubit[1] work;
qubit[1] herald;

// An amplitude filter: the herald is 1 where the data came through.
ry(2*theta_b) data[0];
h work[0];
cx data[0], work[0];
rz(kick) work[0];
cx data[0], work[0];
ctrl @ ry(pi/3) data[0], herald[0];
